//! A script with the checks of ACME servers verifies attestation objects of the challenge device-attest-01.

use super::prover::{Ak, ECDSA, KEYS, Prover, RSAPSS, RSASSA};

const SCRIPT: &str = include_str!("acme.py");
/// A token, a dot, and a thumbprint in base64url (RFC 8555 §8.1).
const AUTHORIZATION: &str = "DGyRejmCefe7v4NfDGDKfA.NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
const DEVICE: &str = "device-1";

impl Prover {
    #[track_caller]
    fn request(&self, key: &str, ak: Ak, subject: &str, file: &str) {
        self.ok(&format!("request {key} --ak {} --subject {subject} --nonce 00 --force {file}", ak.handle));
    }

    /// Verifies an object; an empty answer is success, otherwise the check that failed.
    #[track_caller]
    fn server(&self, root: &str, authorization: &str, request: &str, object: &str) -> String {
        let output = self.python(SCRIPT, &format!("{root} {authorization} {DEVICE} {request} {object}"));
        let answer = output.out();
        assert!(output.success() == (answer == "accepted\n") && output.err().is_empty(), "{output}");
        answer.trim_start_matches("refused: ").trim_start_matches("accepted").trim_end().to_owned()
    }
}

#[test]
fn an_acme_server_accepts_each_kind_of_key() {
    let prover = Prover::new();
    prover.keys();
    prover.desk.shell.write("nonce", AUTHORIZATION);
    for ak in [ECDSA, RSASSA] {
        prover.attestation_key(ak);
        for (key, _) in KEYS {
            prover.certify(key, ak, "acme", "object");
            prover.request(key, ak, &format!("/CN={DEVICE}"), "request.pem");
            assert_eq!(
                prover.server("root.pem", AUTHORIZATION, "request.pem", "object"),
                "",
                "{} {key}",
                ak.name
            );
            prover.ok("verify object --format acme --nonce nonce --ak-roots root.pem");
        }
    }
    // ACME has no algorithm for RSAPSS.
    prover.attestation_key(RSAPSS);
    let line = format!("tpm2-keytool certify p256.tpm --ak {} --ak-cert rsapss.crt", RSAPSS.handle);
    prover
        .desk
        .run(&format!("{line} --nonce nonce --format acme no"))
        .failed()
        .says("alg -37 is not allowed");
}

#[test]
fn an_acme_server_refuses_what_is_not_for_this_order() {
    let prover = Prover::new();
    prover.keys();
    prover.attestation_key(ECDSA);
    prover.desk.shell.write("nonce", AUTHORIZATION);
    prover.certify("p256.tpm", ECDSA, "acme", "object");
    prover.request("p256.tpm", ECDSA, &format!("/CN={DEVICE}"), "request.pem");
    let server = |request: &str| prover.server("root.pem", AUTHORIZATION, request, "object");
    assert_eq!(server("request.pem"), "");
    assert_eq!(
        prover.server("other.pem", AUTHORIZATION, "request.pem", "object"),
        "x5c does not lead to the root"
    );
    assert_eq!(prover.server("root.pem", "other.authorization", "request.pem", "object"), "extraData");
    prover.request("rsa.tpm", ECDSA, &format!("/CN={DEVICE}"), "request.pem");
    assert_eq!(server("request.pem"), "the request's key");
    prover.request("p256.tpm", ECDSA, "/CN=device-2", "request.pem");
    assert_eq!(server("request.pem"), "the request's common name");
    // The certificate of the attestation key names a device.
    prover.request("p256.tpm", ECDSA, &format!("/CN={DEVICE}"), "request.pem");
    for (device, refused) in [(DEVICE, ""), ("device-2", "the certificate's permanent identifier")] {
        let names =
            format!(", otherName:1.3.6.1.5.5.7.8.3;SEQUENCE:permanent\n[permanent]\nvalue = UTF8:{device}");
        prover.certify_key(ECDSA, &names);
        prover.certify("p256.tpm", ECDSA, "acme", "object");
        assert_eq!(server("request.pem"), refused, "{device}");
        let verify =
            format!("verify object --format acme --nonce nonce --ak-roots root.pem --identifier {DEVICE}");
        let output = prover.desk.run(&format!("tpm2-keytool {verify}"));
        assert_eq!(output.success(), refused.is_empty(), "{output}");
    }
    // A key that was made outside of the TPM.
    prover.desk.shell.ok("openssl genpkey -algorithm EC -pkeyopt group:P-256 -out software.pem");
    prover.ok("create --wrap software.pem wrapped.tpm");
    prover.certify_key(ECDSA, "");
    prover.certify("wrapped.tpm", ECDSA, "acme", "object");
    prover.request("wrapped.tpm", ECDSA, &format!("/CN={DEVICE}"), "request.pem");
    assert_eq!(server("request.pem"), "fixedTPM");
}
