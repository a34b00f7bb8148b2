//! tpm2-tools and stock openssl verify our files and open our credentials; `verify` and `activate` accept theirs.

use keyfile::Signature;
use keyfile::wire::Unmarshal;
use serde_json::Value;

use super::prover::{ECDSA, KEYS, Prover, RSAPSS, RSASSA};

/// The qualifying data of tpm2_certify, which has no option for it before version 5.6.
const THEIR_NONCE: &str = "00ff55aa";
/// PolicyB of the TCG EK credential profile, with SHA-256 and with SHA-384.
const POLICY_B: [(&str, &str); 2] = [
    ("sha256", "ca3d0a99a2b93906f7a3342414efcfb3a385d44cd1fd459089d19b5071c0b7a0"),
    (
        "sha384",
        "b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419cacb47ba09699646150f9fc000f3f80e12",
    ),
];

impl Prover {
    /// Makes endorsement keys of both ranges: NAME.ctx, NAME.area (TPM2B_PUBLIC) and NAME.pem. Returns their names and the options with
    /// which tpm2_activatecredential authorizes them.
    fn endorsement_keys(&self) -> [(&'static str, &'static str); 4] {
        for (hash, digest) in POLICY_B {
            self.desk.shell.write(format!("{hash}.policy"), hex::decode(digest).unwrap());
        }
        let high = |name: &str, kind: &str, hash: &str| {
            format!(
                "tpm2_createprimary -Q -C e -G {kind} -g {hash} -L {hash}.policy -c {name}.ctx -a \
                 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|adminwithpolicy|restricted|decrypt'"
            )
        };
        for (name, script) in [
            ("L-1", "tpm2_createek -Q -c L-1.ctx -G rsa -u L-1.area".to_owned()),
            ("L-2", "tpm2_createek -Q -c L-2.ctx -G ecc -u L-2.area".to_owned()),
            ("H-1", high("H-1", "rsa2048:aes128cfb", "sha256")),
            ("H-3", high("H-3", "ecc384:aes256cfb", "sha384")),
        ] {
            self.desk.others(&format!(
                "{script}; tpm2_readpublic -Q -c {name}.ctx -o {name}.area; tpm2_readpublic -Q -c {name}.ctx -f pem -o {name}.pem
                 tpm2_flushcontext -t"
            ));
        }
        [("L-1", "-P session:session"), ("L-2", "-P session:session"), ("H-1", ""), ("H-3", "")]
    }

    /// Runs `verify` and returns the names of the refused checks.
    #[track_caller]
    fn refused(&self, line: &str) -> Vec<String> {
        let output = self.desk.run(&format!("tpm2-keytool verify --json {line}"));
        let report: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output}"));
        let checks = report["checks"].as_array().unwrap().iter();
        let refused = checks.filter(|check| check["result"] == "refused");
        refused.map(|check| check["check"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn tpm2_tools_and_openssl_verify_our_statements() {
    let prover = Prover::new();
    prover.keys();
    let desk = &prover.desk;
    desk.shell.write("nonce", [7; 32]);
    for ak in [ECDSA, RSASSA, RSAPSS] {
        prover.attestation_key(ak);
        for (key, _) in KEYS {
            prover.certify(key, ak, "tpm2", "proof");
            // Version 5.4 fails after the fields that all statements have: it knows only quotes.
            let printed = desk.shell.run("tpm2_print -t TPMS_ATTEST proof.attest").out();
            assert!(printed.contains("magic: ff544347") && printed.contains("type: 8017"), "{printed}");
            assert!(printed.contains(&format!("extraData: {}", "07".repeat(32))), "{printed}");
            desk.others(&format!(
                "tpm2_print -t TPM2B_PUBLIC proof.pub | grep -q sensitivedataorigin
                 tpm2_print -t TPM2B_PUBLIC proof.ak | grep -q restricted
                 tpm2_verifysignature -Q -c {} -g sha256 -m proof.attest -s proof.sig; tpm2_flushcontext -t",
                ak.handle
            ));
            let options = match Signature::from_bytes(&desk.shell.read("proof.sig")).unwrap() {
                Signature::Rsa { bytes, .. } => {
                    desk.shell.write("bare", bytes);
                    if ak.name == "rsapss" { "-sigopt rsa_padding_mode:pss" } else { "" }
                }
                Signature::Ecc { r, s, .. } => {
                    let [r, s] = [r, s].map(hex::encode);
                    desk.shell.write(
                        "numbers",
                        format!("asn1 = SEQUENCE:sig\n[sig]\nr = INTEGER:0x{r}\ns = INTEGER:0x{s}\n"),
                    );
                    desk.shell.ok("openssl asn1parse -genconf numbers -noout -out bare");
                    ""
                }
                other => panic!("{other:?}"),
            };
            let verify = format!(
                "openssl dgst -sha256 -verify {}.pem -signature bare {options} proof.attest",
                ak.name
            );
            desk.shell.ok(&verify).says("Verified OK");
            desk.shell.write("changed", [desk.shell.read("proof.attest"), vec![0]].concat());
            desk.shell.failed(&verify.replace("proof.attest", "changed"));
        }
    }
}

#[test]
fn verify_accepts_statements_of_tpm2_tools_about_keys_only() {
    let prover = Prover::new();
    prover.keys();
    let desk = &prover.desk;
    desk.load("p256.tpm", "o");
    // tpm2_certify signs with RSASSA if the attestation key is an RSA key.
    for ak in [ECDSA, RSASSA] {
        prover.attestation_key(ak);
        desk.others(&format!(
            "tpm2_certify -Q -c key.ctx -C {0} -g sha256 -o theirs.attest -s theirs.sig
             tpm2_readpublic -Q -c key.ctx -o theirs.pub; tpm2_readpublic -Q -c {0} -o theirs.ak -n theirs.name; tpm2_flushcontext -t",
            ak.handle
        ));
        let verify = format!("theirs --nonce {THEIR_NONCE} --ak-name theirs.name");
        assert_eq!(prover.refused(&verify), [""; 0], "{}", ak.name);
        assert_eq!(prover.refused("theirs --nonce 00 --ak-name theirs.name"), ["extra-data"]);
        // The other statements of a TPM are signed by the same key.
        for statement in [
            format!(
                "tpm2_quote -Q -c {} -l sha256:0 -q {THEIR_NONCE} -m theirs.attest -s theirs.sig -g sha256",
                ak.handle
            ),
            format!(
                "tpm2_gettime -Q -c {} -q {THEIR_NONCE} --attestation theirs.attest -o theirs.sig -g sha256",
                ak.handle
            ),
        ] {
            desk.others(&format!("{statement}; tpm2_flushcontext -t"));
            assert_eq!(prover.refused(&verify), ["type"], "{statement}");
        }
    }
}

#[test]
fn credentials_are_exchanged_with_tpm2_tools() {
    let prover = Prover::new();
    prover.attestation_key(ECDSA);
    let (desk, ak) = (&prover.desk, ECDSA.handle);
    desk.others(&format!("tpm2_readpublic -Q -c {ak} -n name"));
    let name = hex::encode(desk.shell.read("name"));
    desk.shell.write("secret", b"0123456789abcdef");
    for (ek, authorization) in prover.endorsement_keys() {
        // They make the credential.
        desk.others(&format!("tpm2_makecredential -Q -T none -u {ek}.area -s secret -n {name} -o theirs"));
        for option in [String::new(), format!("--ek {ek}.pem")] {
            prover.ok(&format!("activate --ak {ak} {option} --force theirs opened"));
            assert_eq!(desk.shell.read("opened"), b"0123456789abcdef", "{ek} {option}");
            desk.assert_tidy();
        }
        // They open ours.
        prover.ok(&format!("challenge --ek {ek}.pem --ak ecdsa.pub --force ours challenge"));
        desk.others(&format!(
            "tpm2_startauthsession -Q --policy-session -S session; tpm2_policysecret -Q -S session -c e
             tpm2_activatecredential -Q -c {ak} -C {ek}.ctx -i ours -o opened {authorization}
             tpm2_flushcontext session; tpm2_flushcontext -t"
        ));
        let kept: Value = serde_json::from_slice(&desk.shell.read("challenge")).unwrap();
        assert_eq!(hex::encode(desk.shell.read("opened")), kept["secret"].as_str().unwrap(), "{ek}");
    }
    // A credential for another key.
    prover.attestation_key(RSASSA);
    desk.run(&format!("tpm2-keytool activate --ak {} theirs none", RSASSA.handle))
        .failed()
        .says("cannot open");
    desk.assert_absent("none");
}
