//! systemd-cryptenroll lists the token, which it finds through p11-kit.
use tests::Token;

use super::programs::{Does, SYSTEMD};
use super::{KEYS, p11_kit};

#[test]
#[ignore = "make pkcs11"]
fn systemd_cryptenroll_lists_the_token() {
    for options in KEYS {
        let token = Token::with_key(options);
        let listed = p11_kit::run(&token, "systemd-cryptenroll --pkcs11-token-uri=list").ok();
        listed.says("token=keys").says("Example").says("TPM 2.0");
        SYSTEMD.passed(Does::List, options);
    }
}
