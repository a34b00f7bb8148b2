//! A TPM as it comes from a factory. swtpm_setup makes EK certificates as a maker does: `ek` writes them, and `verify` trusts a key for the
//! maker's root. It makes the keys and certificates of devices (IAK, IDevID) from version 0.11 on; here tpm2-tools and openssl do.

use serde_json::Value;
use tests::raw::Tpm as _;

use super::prover::Prover;
use crate::keytool::Desk;

const AK: &str = "0x81010100";
const ROOT: &str = "swtpm-localca-rootca-cert.pem";

#[test]
fn a_key_is_verified_up_to_the_root_of_the_tpm_maker() {
    let desk = Desk::from_factory();
    let ok = |line: &str| desk.run(&format!("tpm2-keytool {line}")).ok();
    ok(&format!("ak create {AK} --public ak.pub"));
    ok("create -e P-256 key.tpm");
    ok(&format!("certify key.tpm --ak {AK} --nonce 07 proof"));
    // The indexes of RSA-2048 in the low range, and of P-384.
    for (index, file, kind) in
        [("0x1c00002", "ek-rsa2048.crt", "RSA-2048"), ("0x1c00016", "ek-secp384r1.crt", "P-384")]
    {
        ok(&format!("ek --index {index} --force ek.pem"))
            .says(&format!("{kind} certificate, issued by CN=swtpm-localca"));
        // The first is that of the maker's files. The maker's authority is not in NV.
        desk.others(&format!(
            "openssl x509 -in ek.pem -outform DER | cmp - {file}; cat ek.pem issuer.pem >chain.pem"
        ));
        ok("challenge --ek ek.pem --ak ak.pub --force credential challenge");
        ok(&format!("activate --ak {AK} --ek ek.pem --force credential answer"));
        let verify = "tpm2-keytool verify proof --nonce 07 --challenge challenge --answer answer";
        let report = desk.run(&format!("{verify} --ek-cert chain.pem --ek-roots {ROOT}")).ok();
        for check in [
            "ek-certificate",
            "ek-chain",
            "ak-binding",
            "ak-attributes",
            "qualified-signer",
            "key-attributes",
        ] {
            assert!(report.out().contains(&format!("proven: {check}:")), "{check}: {}", report.out());
        }
        for (chain, root, line) in [
            // Without the authority between them.
            ("ek.pem", ROOT, "refused: ek-chain"),
            // Any given certificate is a root.
            ("chain.pem", "issuer.pem", "proven: ek-chain"),
            ("chain.pem", "ek.pem", "refused: ek-chain"),
        ] {
            desk.run(&format!("{verify} --ek-cert {chain} --ek-roots {root}")).says(line);
        }
    }
    let listed: Value = serde_json::from_slice(&ok("ek --json").stdout).unwrap();
    assert_eq!(listed["certificates"].as_array().unwrap().len(), 2, "{listed}");
    desk.tpm.assert_empty();
}

/// tcg-cap-verifiedTPMResidency, tcg-cap-verifiedTPMFixed and tcg-cap-verifiedTPMRestricted.
const RESIDENCY: &str = "2.23.133.11.1.1";
const FIXED: &str = "2.23.133.11.1.2";
const RESTRICTED: &str = "2.23.133.11.1.3";

#[test]
fn a_key_is_verified_by_the_attestation_key_of_a_device_but_not_by_its_identity() {
    let prover = Prover::new();
    prover.keys();
    let desk = &prover.desk;
    desk.shell.write("policy", [7; 32]);
    for (name, handle, attribute) in [("iak", "0x81090001", "restricted|"), ("idevid", "0x81090000", "")] {
        desk.others(&format!(
            "tpm2_createprimary -Q -C e -G ecc256:ecdsa-sha256:null -g sha256 -L policy -c {name}.ctx -a \
             'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|adminwithpolicy|{attribute}sign'
             tpm2_evictcontrol -Q -C o -c {name}.ctx {handle}; tpm2_readpublic -Q -c {handle} -f pem -o {name}.pem
             tpm2_flushcontext -t"
        ));
    }
    for (name, handle, policies, refused) in [
        ("iak", "0x81090001", format!("{RESIDENCY}, {RESTRICTED}"), ""),
        ("idevid", "0x81090000", format!("{RESIDENCY}, {FIXED}"), "refused: ak-certificate"),
        // A maker that does not state what it has verified.
        ("iak", "0x81090001", "1.2.3.4".to_owned(), "refused: ak-certificate"),
    ] {
        prover.certify_device(name, &policies);
        prover.ok(&format!(
            "certify p256.tpm --ak handle:{handle} --ak-cert {name}.crt --nonce 07 --format csr --force proof"
        ));
        let verify =
            "tpm2-keytool verify proof --format csr --nonce 07 --ak-roots root.pem --identifier host";
        let report = desk.run(verify);
        assert_eq!(report.success(), refused.is_empty(), "{report}");
        report.says(refused).says("proven: ak-chain").says("proven: signature");
    }
}
