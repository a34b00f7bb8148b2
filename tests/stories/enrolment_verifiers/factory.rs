//! A TPM with the EK certificates of its maker, which swtpm_setup makes as a maker does: `ek` writes them, and `verify` trusts a key for
//! the maker's root.

use serde_json::Value;
use tests::raw::Tpm as _;

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
