//! `openssl cmp`: enrolment with the certificate management protocol.
use super::keys::Form;
use super::tried::{Outcome, Program};

const CMP: Program = Program {
    name: "openssl-cmp",
    version: "openssl version",
    forms: &Form::ALL,
    does: "an initial request, with keys in the TPM for the messages of both sides and for the new certificate",
};

#[test]
#[ignore = "make programs"]
fn openssl_cmp() {
    CMP.tried(|case| {
        let trusted = "-srv_trusted AUTHORITY -rsp_cert CERTIFICATE";
        let password = case.if_password("-srv_keypass pass:PASSWORD");
        let line = format!("openssl cmp -port PORT -srv_cert CERTIFICATE -srv_key KEY {password} {trusted}");
        let server = case.server("cmp", "", &line);
        let password = case.if_password("-keypass pass:PASSWORD -newkeypass pass:PASSWORD");
        let request =
            format!("openssl cmp -cmd ir -server 127.0.0.1:{} -path / -trusted AUTHORITY", server.port);
        let keys = format!("-cert CERTIFICATE -key KEY -newkey KEY {password} -subject /CN=name");
        case.ok(&format!("{request} {keys} -certout issued.pem"));
        let public = |file: &str| case.checked(&format!("openssl x509 -in {file} -noout -pubkey")).out();
        assert_eq!(public("issued.pem"), public("CERTIFICATE"));
        Outcome::Works
    });
}
