//! pki, the command of strongSwan that makes certificates.
use super::keys::{Form, Type};
use super::tried::{Outcome, Program};

const PKI: Program = Program {
    name: "strongswan-pki",
    version: "pki --version",
    forms: &Form::WITHOUT_PASSWORD,
    does: "a self-signed certificate and a request",
};

#[test]
#[ignore = "make programs"]
fn strongswan_pki() {
    PKI.tried(|case| {
        let kind = match case.kind {
            Type::Ec => "ecdsa",
            Type::Rsa => "rsa",
        };
        let made = |command: &str| {
            let output = case.ok(&format!("pki {command} --in KEY --type {kind} --dn CN=name --outform pem"));
            case.openssl.write("made.pem", output.stdout);
        };
        made("--self --ca");
        case.checked("openssl verify -CAfile made.pem made.pem");
        made("--req");
        case.checked("openssl req -verify -noout -in made.pem");
        Outcome::Works
    });
}
