//! systemd-cryptenroll lists the token, which it finds through p11-kit.
use tests::Token;

use super::p11_kit;
use super::programs::{Does, SYSTEMD};

#[test]
#[ignore = "make pkcs11"]
fn systemd_cryptenroll_lists_the_token() {
    for options in ["-e P-256", "-r"] {
        let token = Token::with_key(options);
        let listed = p11_kit::run(&token, "systemd-cryptenroll --pkcs11-token-uri=list").ok();
        listed.says("token=keys").says("Example").says("TPM 2.0");
        SYSTEMD.passed(Does::List, options);
    }
}
