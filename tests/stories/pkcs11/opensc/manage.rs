//! Keys and certificates are made in the folder, and removed keys are kept under another name.
use super::Opensc;
use crate::pkcs11::programs::{Does, PKCS11_TOOL};

#[test]
fn a_generated_key_is_a_key_file_that_signs_and_gets_a_certificate() {
    for (kind, options, sign) in [
        ("EC:prime256v1", "-e P-256 -k 1234", "ECDSA --signature-format openssl -i digest"),
        ("rsa:2048", "-r -k 1234", "SHA256-RSA-PKCS -i data"),
    ] {
        let opensc = Opensc::new().login("--login --pin 1234");
        let stock = opensc.data();
        opensc.ok(&format!("--keypairgen --key-type {kind} --label new"));
        assert!(stock.text("keys/new.tpm").contains("BEGIN TSS2 PRIVATE KEY"), "{kind}");
        opensc.ok("--read-object --type pubkey --label new -o new.der");
        stock.ok("pkey -pubin -inform DER -in new.der -pubout -out new.pub");
        opensc.ok(&format!("--sign -o signature --mechanism {sign}"));
        stock.ok("dgst -sha256 -verify new.pub -signature signature data").says("Verified OK");

        let id = opensc.id("privkey");
        opensc.token.authority().certify("new.pub", "issued.crt");
        stock.ok("x509 -in issued.crt -outform DER -out issued.der");
        opensc.ok(&format!("--write-object issued.der --type cert --label new --id {id}"));
        assert_eq!(stock.ok("x509 -in keys/new.pem").out(), stock.ok("x509 -in issued.crt").out());
        assert_eq!(opensc.id("cert"), id);

        // The PIN of the session is the password of the new key.
        opensc.login("--login --pin 9999").run("--sign --mechanism ECDSA -i digest").failed();
        PKCS11_TOOL.passed(Does::Generate, options);
    }
}

#[test]
fn a_deleted_key_is_kept_under_another_name() {
    let opensc = Opensc::with_key("-e P-256");
    let stock = opensc.token.stock();
    let key = stock.text("keys/web.tpm");
    opensc.ok("--delete-object --type privkey --label web");
    assert!(!opensc.token.file("keys/web.tpm").exists());
    assert_eq!(stock.text("keys/web.tpm.removed"), key);
    let listed = opensc.ok("--list-objects").out();
    assert!(!listed.contains("Private Key Object"), "{listed}");
}
