//! curl as a client with a certificate.
use super::keys::Form;
use super::tried::{Outcome, Program};

const CURL: Program = Program {
    name: "curl",
    version: "curl --version",
    forms: &Form::ALL,
    does: "a client's certificate in TLS 1.2 and 1.3",
};

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
        Outcome::Works
    });
}
