//! Java: keytool reads the token through SunPKCS11.
use tests::Token;

use super::PIN;

#[test]
#[ignore = "a Java runtime is too big for make test"]
fn keytool_lists_the_key_and_signs_a_request_with_it() {
    for options in ["-e P-256", "-r"] {
        let token = Token::with_key(&format!("{options} -k {PIN}"));
        token.write("java.cfg", format!("name = tpm2\nlibrary = {}\n", token.module().display()));
        let store = format!(
            "-keystore NONE -storetype PKCS11 -providerClass sun.security.pkcs11.SunPKCS11 -providerArg java.cfg -storepass {PIN}"
        );
        token.ok(&format!("keytool -list {store}")).says("PrivateKeyEntry");
        token.ok(&format!("keytool -certreq -alias web {store} -file request.pem"));
        let stock = token.stock();
        let shown = stock.ok("req -in request.pem -verify -noout -subject -pubkey");
        assert!(shown.out().contains(&stock.text("web.pub")), "{shown}");
        shown.says("verify OK").says("web");
    }
}
