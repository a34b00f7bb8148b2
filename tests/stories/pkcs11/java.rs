//! Java: keytool and jarsigner use the token as a key store through SunPKCS11.
use tests::Token;

use super::PIN;
use super::programs::{Does, JAVA};

/// Without -providerName, keytool may make a software key and then fail to store it.
const GENERATE: &str = "keytool -genkeypair -alias made -dname CN=made -providerName SunPKCS11-tpm2";

/// Writes the configuration of SunPKCS11, and returns the options of a key store.
fn store(token: &Token) -> String {
    token.write("java.cfg", format!("name = tpm2\nlibrary = {}\n", token.module().display()));
    let provider = "-providerClass sun.security.pkcs11.SunPKCS11 -providerArg java.cfg";
    format!("-keystore NONE -storetype PKCS11 {provider} -storepass {PIN}")
}

/// Signs an archive with a key, and checks the signature without the token.
#[track_caller]
fn sign_jar(token: &Token, store: &str, name: &str) {
    token.write("data", "what is signed");
    token.ok("jar --create --file archive.jar data");
    token.ok(&format!("jarsigner {store} archive.jar {name}")).says("jar signed.");
    token.ok("jarsigner -verify archive.jar").says("jar verified.");
}

#[test]
#[ignore = "make pkcs11"]
fn keytool_lists_the_key_and_signs_a_request_and_jarsigner_an_archive() {
    for options in ["-e P-256", "-r"] {
        let options = format!("{options} -k {PIN}");
        let token = Token::with_key(&options);
        let store = store(&token);
        token.ok(&format!("keytool -list {store}")).says("web, PrivateKeyEntry");
        JAVA.passed(Does::List, &options);
        token.ok(&format!("keytool -certreq -alias web {store} -file request.pem"));
        let stock = token.stock();
        let shown = stock.ok("req -in request.pem -verify -noout -subject -pubkey");
        assert!(shown.out().contains(&stock.text("web.pub")), "{shown}");
        shown.says("verify OK").says("web");
        sign_jar(&token, &store, "web");
        JAVA.passed(Does::Sign, &options);
    }
}

#[test]
#[ignore = "make pkcs11"]
fn keytool_generates_a_key_with_a_certificate() {
    for (kind, options) in
        [("-keyalg EC -groupname secp256r1", "-e P-256 -k 1234"), ("-keyalg RSA -keysize 2048", "-r -k 1234")]
    {
        let token = Token::new();
        let store = store(&token);
        token.ok(&format!("{GENERATE} {kind} {store}"));
        token.stock().ok("verify -CAfile keys/made.pem keys/made.pem");
        sign_jar(&token, &store, "made");
        JAVA.passed(Does::Generate, options);
    }
}
