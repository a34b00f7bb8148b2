//! curl as a client with a certificate.
use super::case::Case;
use super::keys::Form;
use super::tried::{Outcome, Program};

/// Exit codes of curl(1).
const ENGINE_NOT_FOUND: i32 = 53;
const CERTIFICATE_PROBLEM: i32 = 58;

const CURL: Program = Program {
    name: "curl",
    version: "curl --version",
    forms: &Form::ALL,
    does: "a client's certificate in TLS 1.2 and 1.3",
};

/// Fails as docs/migrate.md says. curl 7.88 fails before it connects to the server, curl 8.14 when it loads the key.
fn no_engine(case: &Case, rest: &str) {
    let engine = "--engine tpm2 --key-type ENG --cert CERTIFICATE --key KEY";
    let output = case.run(&format!("curl -sS --max-time 20 {engine} {rest}")).failed();
    match output.code() {
        // curl 8 looks for a provider of that name, too.
        Some(ENGINE_NOT_FOUND) if output.err().contains("Failed to initialize provider") => {}
        Some(ENGINE_NOT_FOUND) => drop(output.says("SSL Engine 'tpm2' not found")),
        Some(CERTIFICATE_PROBLEM) => drop(output.says("crypto engine not set")),
        _ => panic!("another failure: {output}"),
    }
}

#[test]
fn curl() {
    CURL.tried(|case| {
        let server = case.strict_server();
        let (port, pass) = (server.port(), case.if_password("--pass PASSWORD"));
        for version in ["1.2", "1.3"] {
            let curl =
                format!("curl -sS --max-time 20 --tlsv{version} --tls-max {version} --cacert AUTHORITY");
            case.ok(&format!("{curl} --cert CERTIFICATE --key KEY {pass} https://localhost:{port}/"))
                .says("Client certificate");
        }
        no_engine(case, &format!("--cacert AUTHORITY {pass} https://localhost:{port}/"));
        Outcome::Works
    });
}
