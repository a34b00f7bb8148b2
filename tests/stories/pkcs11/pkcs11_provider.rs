//! pkcs11-provider: OpenSSL's provider for PKCS#11 modules, for programs that name keys by `pkcs11:` URIs.
//!
//! Debian has it since 13: `make matrix` runs this there.
use tests::{Nginx, Shell, Token};

use super::PIN;
use super::programs::{Does, PKCS11_PROVIDER};

const CONFIGURATION: &str = "
openssl_conf = openssl_init
[openssl_init]
providers = providers
[providers]
default = default
pkcs11 = pkcs11
[default]
activate = 1
[pkcs11]
activate = 1
pkcs11-module-path = FILE
pkcs11-module-token-pin = PIN
";

const KEYS: [&str; 4] = ["-e P-256", "-r", "-e P-256 -k 1234", "-r -k 1234"];

const KEY: &str = "'pkcs11:token=keys;object=web;type=private'";

/// Returns a shell in which OpenSSL has the provider with the module.
fn configured(token: &Token) -> Shell {
    let module = token.module().display().to_string();
    let text = CONFIGURATION.replace("PIN", PIN).replace("FILE", &module);
    Shell::clone(token).env("OPENSSL_CONF", token.write("provider.cnf", text))
}

#[test]
#[ignore = "Debian 12 lacks it: make matrix"]
fn openssl_lists_the_token_and_signs_a_request() {
    for options in KEYS {
        let token = Token::with_key(options);
        let shell = configured(&token);
        let listed = shell.ok("openssl storeutl -noout -text pkcs11:token=keys");
        listed.says("Certificate").says("Total found: ");
        PKCS11_PROVIDER.passed(Does::List, options);
        shell.ok(&format!("openssl req -new -key {KEY} -subj /CN=request -out request.pem"));
        let stock = token.stock();
        let shown = stock.ok("req -in request.pem -verify -noout -subject -pubkey");
        assert!(shown.out().contains(&stock.text("web.pub")), "{shown}");
        shown.says("verify OK").says("request");
        PKCS11_PROVIDER.passed(Does::Sign, options);
    }
}

#[test]
#[ignore = "Debian 12 lacks it: make matrix"]
fn openssl_logs_in_at_a_server() {
    for options in KEYS {
        let token = Token::with_key(options);
        let shell = configured(&token);
        let server = Nginx::start(&token);
        for (page, version) in [("tls12", "-tls1_2"), ("tls13", "-tls1_3")] {
            let line = format!(
                "openssl s_client -connect 127.0.0.1:{} {version} -quiet -no_ign_eof -CAfile authority.pem \
                 -verify_return_error -cert keys/web.crt -key {KEY}",
                server.port()
            );
            let output = shell.pipe(&line, format!("GET /{page} HTTP/1.0\r\n\r\n"));
            assert_eq!(server.wait_for(page, ""), "SUCCESS CN=web", "{options}: {output}");
        }
        PKCS11_PROVIDER.passed(Does::LogIn, options);
    }
}

#[test]
#[ignore = "Debian 12 lacks it: make matrix"]
fn openssl_generates_a_key_in_the_folder() {
    for (kind, options) in [
        ("-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "-e P-256 -k 1234"),
        ("-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "-r -k 1234"),
    ] {
        let token = Token::new();
        let shell = configured(&token);
        let uri = format!("pkcs11:token=keys;object=new?pin-value={PIN}");
        let line = format!("openssl genpkey -propquery provider=pkcs11 {kind} -pkeyopt 'pkcs11_uri:{uri}'");
        shell.ok(&format!("{line} -out new.pem"));
        assert!(token.text("keys/new.tpm").contains("BEGIN TSS2 PRIVATE KEY"), "{options}");
        let key = "-key 'pkcs11:token=keys;object=new;type=private'";
        shell.ok(&format!("openssl req -new {key} -subj /CN=request -out request.pem"));
        token.stock().ok("req -in request.pem -verify -noout -subject").says("verify OK").says("request");
        PKCS11_PROVIDER.passed(Does::Generate, options);
    }
}
