//! fido2 and webauthn verify attestation objects with format `tpm`.

use super::prover::{ECDSA, KEYS, Prover, RSAPSS, RSASSA};

/// Verifies each object, and 18 changes of each.
const SCRIPT: &str = include_str!("webauthn.py");

/// The challenge is 32 times 07.
const CLIENT_DATA: &str = r#"{"type":"webauthn.create","challenge":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc","origin":"https://example.com"}"#;

#[test]
fn fido2_and_webauthn_accept_each_kind_of_key_and_refuse_every_change() {
    let prover = Prover::new();
    prover.keys();
    let shell = &prover.desk.shell;
    shell.write("client", CLIENT_DATA);
    shell.ok("openssl dgst -sha256 -binary -out nonce client");
    let mut objects = Vec::new();
    for ak in [ECDSA, RSASSA, RSAPSS] {
        prover.attestation_key(ak);
        for (key, _) in KEYS {
            let object = format!("{}-{key}.webauthn", ak.name);
            prover.certify(key, ak, "webauthn", &object);
            prover.ok(&format!("verify {object} --format webauthn --nonce nonce --ak-roots root.pem"));
            objects.push(object);
        }
    }
    let output = prover.python(SCRIPT, &format!("root.pem other.pem client {}", objects.join(" "))).ok();
    assert_eq!(output.out(), "6 accepted, 216 refused\n");
}
