//! The PIN of a login is the password of the key.
use super::Opensc;
use crate::pkcs11::PIN;

const SIGN: &str = "--sign --mechanism ECDSA --signature-format openssl -i digest -o signature";

#[test]
fn a_key_with_password_refuses_to_sign_without_a_login_and_with_a_wrong_pin() {
    let opensc = Opensc::with_key(&format!("-e P-256 -k {PIN}"));
    opensc.data();
    opensc.run(SIGN).failed();
    let opensc = opensc.login("--login --pin 9999");
    opensc.run(SIGN).failed().says("CKR_PIN_INCORRECT");
    assert!(!opensc.token.file("signature").exists());
    opensc.login("--login --pin 1234").ok(SIGN);
}

#[test]
fn a_changed_pin_replaces_the_old_one() {
    let opensc = Opensc::with_key(&format!("-e P-256 -k {PIN}"));
    let stock = opensc.data();
    let before = stock.text("keys/web.tpm");
    let opensc = opensc.login("--login --pin 9999");
    opensc.run("--change-pin --new-pin 5678").failed().says("CKR_PIN_INCORRECT");
    assert_eq!(stock.text("keys/web.tpm"), before);
    let opensc = opensc.login("--login --pin 1234");
    opensc.ok("--change-pin --new-pin 5678");
    opensc.run(SIGN).failed().says("CKR_PIN_INCORRECT");
    opensc.login("--login --pin 5678").ok(SIGN);
    stock.ok("dgst -sha256 -verify web.pub -signature signature data").says("Verified OK");
}

#[test]
fn wrong_pins_do_not_lock_the_tpm() {
    // -d: the TPM counts wrong passwords of this key.
    let opensc = Opensc::with_key(&format!("-e P-256 -d -k {PIN}")).login("--login --pin 9999");
    opensc.run("--list-objects").failed().says("CKR_PIN_INCORRECT");
    let last = (0..10).map(|_| opensc.run("--list-objects").failed()).last().unwrap();
    last.says("CKR_PIN_LOCKED");
    let status = opensc.token.tool().ok("status").out();
    assert!(
        status.lines().any(|line| line.trim_start().starts_with("lockout ") && line.contains(" open")),
        "{status}"
    );
}
