//! GnuTLS: p11tool, certtool and gnutls-cli find the key by its pkcs11: URL.
use tests::process::Output;
use tests::{Nginx, Token};

use super::PIN;
use super::programs::{CERTTOOL, Does, GNUTLS_CLI, P11TOOL};

const URL: &str = "pkcs11:token=keys;object=web";

/// The options of a key without and of one with a PIN, which GnuTLS takes from the environment; and how p11tool logs in.
const KEYS: [(&str, &str); 2] = [("-r", ""), ("-e P-256 -k 1234", "--login")];

/// Runs a program of GnuTLS with the module.
#[track_caller]
fn run(token: &Token, program: &str, line: &str) -> Output {
    let shell =
        token.unconfigured().env("TPM2_PKCS11_CONF", token.file("pkcs11.conf")).env("GNUTLS_PIN", PIN);
    shell.run(&format!("{program} --provider {} {line}", token.module().display()))
}

#[test]
fn p11tool_lists_the_objects_and_tests_a_signature() {
    for (options, login) in KEYS {
        let token = Token::with_key(options);
        run(&token, "p11tool", "--list-tokens").ok().says("token=keys").says("Manufacturer: Example");
        let all = run(&token, "p11tool", &format!("{login} --list-all pkcs11:token=keys")).ok();
        all.says("object=web;type=private").says("object=web;type=public").says("object=web;type=cert");
        let private = run(&token, "p11tool", &format!("{login} --list-privkeys pkcs11:token=keys")).ok();
        private.says("object=web;type=private").says("CKA_SENSITIVE");
        let tested = run(&token, "p11tool", &format!("{login} --test-sign '{URL}'")).ok();
        tested.says("Verifying against private key parameters... ok");
        P11TOOL.passed(Does::List, options);
        P11TOOL.passed(Does::Sign, options);
    }
}

#[test]
fn p11tool_generates_a_key_in_the_folder() {
    let token = Token::new();
    let line = "--login --generate-ecc --curve secp256r1 --label new --outfile new.pub pkcs11:token=keys";
    run(&token, "p11tool", line).ok();
    assert!(token.text("keys/new.tpm").contains("BEGIN TSS2 PRIVATE KEY"));
    assert!(token.text("new.pub").contains("BEGIN PUBLIC KEY"));
    run(&token, "p11tool", "--login --test-sign 'pkcs11:token=keys;object=new'").ok();
    P11TOOL.passed(Does::Generate, "-e P-256 -k 1234");
}

#[test]
fn p11tool_writes_a_certificate_for_the_key() {
    let token = Token::with_key("-e P-256");
    std::fs::rename(token.file("keys/web.crt"), token.file("web.crt")).unwrap();
    run(&token, "p11tool", "--write --load-certificate web.crt --label web pkcs11:token=keys").ok();
    let stock = token.stock();
    assert_eq!(stock.ok("x509 -in keys/web.pem").out(), stock.ok("x509 -in web.crt").out());
    // The certificate has the ID of its key, so that both are found together.
    let listed = run(&token, "p11tool", "--list-all pkcs11:token=keys").ok().out();
    let ids: Vec<&str> = listed.lines().filter(|line| line.trim().starts_with("ID:")).collect();
    assert!(ids.len() == 3 && ids.iter().all(|id| *id == ids[0]), "{listed}");
}

#[test]
fn certtool_signs_a_request_with_the_key() {
    for (options, _) in KEYS {
        let token = Token::with_key(options);
        token.write("template", "cn = request\n");
        let keys = format!("--load-privkey '{URL};type=private' --load-pubkey '{URL};type=public'");
        let line = format!("--generate-request {keys} --template template --outfile request.pem");
        run(&token, "certtool", &line).ok();
        let stock = token.stock();
        let shown = stock.ok("req -in request.pem -verify -noout -subject -pubkey");
        assert!(shown.out().contains(&stock.text("web.pub")), "{shown}");
        shown.says("verify OK").says("request");
        CERTTOOL.passed(Does::Sign, options);
    }
}

#[test]
fn gnutls_cli_logs_in_at_a_server() {
    for (options, _) in KEYS {
        let token = Token::with_key(options);
        let server = Nginx::start(&token);
        let module = token.module();
        let shell = token.unconfigured().env("TPM2_PKCS11_CONF", token.file("pkcs11.conf"));
        for (page, priority) in
            [("tls12", "NORMAL:-VERS-ALL:+VERS-TLS1.2"), ("tls13", "NORMAL:-VERS-ALL:+VERS-TLS1.3")]
        {
            let login = format!("--x509certfile '{URL};type=cert' --x509keyfile '{URL};type=private'");
            let options = format!("--x509cafile authority.pem --priority {priority} -p {}", server.port());
            let line = format!("gnutls-cli --provider {} {login} {options} 127.0.0.1", module.display());
            let request = format!("GET /{page} HTTP/1.0\r\n\r\n");
            shell.clone().env("GNUTLS_PIN", PIN).pipe(&line, request).ok();
            assert_eq!(server.wait_for(page, ""), "SUCCESS CN=web");
        }
        GNUTLS_CLI.passed(Does::LogIn, options);
    }
}
