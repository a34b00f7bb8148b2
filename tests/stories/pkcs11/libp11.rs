//! libp11: the engine pkcs11 of OpenSSL, for programs that know engines but no providers.
use tests::{Nginx, Shell, Token};

use super::PIN;
use super::programs::{CURL, Does, LIBP11};

const CONFIGURATION: &str = "
openssl_conf = openssl_init
[openssl_init]
engines = engines
[engines]
pkcs11 = pkcs11
[pkcs11]
engine_id = pkcs11
MODULE_PATH = FILE
init = 0
";

const KEY: &str = "pkcs11:token=keys;object=web;type=private";

/// The keys: with each type, with and without a PIN.
const KEYS: [&str; 4] = ["-e P-256", "-r", "-e P-256 -k 1234", "-r -k 1234"];

/// Returns a shell in which OpenSSL has the engine with the module.
pub(super) fn configured(token: &Token) -> Shell {
    let module = token.module().display().to_string();
    let configuration = token.write("engine.cnf", CONFIGURATION.replace("FILE", &module));
    Shell::clone(token).env("OPENSSL_CONF", configuration)
}

#[test]
#[ignore = "make pkcs11"]
fn openssl_signs_a_request_with_the_engine() {
    for options in KEYS {
        let token = Token::with_key(options);
        let shell = configured(&token);
        let key = format!("-engine pkcs11 -keyform engine -key '{KEY};pin-value={PIN}'");
        shell.ok(&format!("openssl req -new {key} -subj /CN=request -out request.pem"));
        let stock = token.stock();
        let shown = stock.ok("req -in request.pem -verify -noout -subject -pubkey");
        assert!(shown.out().contains(&stock.text("web.pub")), "{shown}");
        shown.says("verify OK").says("request");
        LIBP11.passed(Does::Sign, options);
    }
}

#[test]
#[ignore = "make pkcs11"]
fn curl_logs_in_with_the_engine() {
    for options in KEYS {
        let token = Token::with_key(options);
        let shell = configured(&token);
        let server = Nginx::start(&token);
        for (page, version) in [("tls12", "--tlsv1.2 --tls-max 1.2"), ("tls13", "--tlsv1.3")] {
            let key = format!("--engine pkcs11 --key-type ENG --key '{KEY}' --pass {PIN}");
            let certificate = "--cert-type ENG --cert 'pkcs11:token=keys;object=web;type=cert'";
            let line = format!("curl -sS {version} {key} {certificate} --cacert authority.pem");
            shell.ok(&format!("{line} {}", server.url(page)));
            assert_eq!(server.wait_for(page, ""), "SUCCESS CN=web", "{options}");
        }
        CURL.passed(Does::LogIn, options);
    }
}
