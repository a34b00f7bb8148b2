//! opendkim signs with functions of OpenSSL that do not support providers.
use super::keys::Form;
use super::tried::{Outcome, Program};

const OPENDKIM: Program = Program {
    name: "opendkim",
    version: "opendkim -V",
    forms: &Form::WITHOUT_PASSWORD,
    does: "a mail, which it does not sign",
};

const CONFIGURATION: &str = "\
Domain example.org
Selector selector
KeyFile KEY
Mode s
RequireSafeKeys no
UserID root
Syslog no
Socket local:FOLDER/socket
";

const MAIL: &str = "From: a@example.org\r\nTo: b@example.org\r\nSubject: s\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\n\
                    Message-ID: <1@example.org>\r\n\r\nbody\r\n";

#[test]
#[ignore = "make programs"]
fn opendkim() {
    OPENDKIM.tried(|case| {
        case.openssl.write("opendkim.conf", case.fill(CONFIGURATION));
        case.openssl.write("mail", MAIL);
        let output = case.ok("opendkim -x opendkim.conf -t mail").says("EVP_PKEY_get1_RSA() failed");
        assert!(!output.out().contains("DKIM-Signature") && !output.err().contains("DKIM-Signature"));
        Outcome::Fails("no signature added: EVP_PKEY_get1_RSA() failed")
    });
}
