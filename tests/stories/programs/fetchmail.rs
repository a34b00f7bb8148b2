//! fetchmail, with a client certificate for its server.
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::keys::Form;
use super::tried::{Outcome, Program};

const FETCHMAIL: Program = Program {
    name: "fetchmail",
    version: "fetchmail --version",
    forms: &Form::WITHOUT_PASSWORD,
    does: "a client's certificate in TLS 1.2 and 1.3",
};

/// An IMAP server with an empty mailbox, which requires a client certificate.
const IMAP: &str = r#"
import socket, ssl, sys

port, version = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("software.crt", "software.key")
context.load_verify_locations("authority.pem")
context.verify_mode = ssl.CERT_REQUIRED
context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
listener = socket.create_server(("127.0.0.1", int(port)))
with context.wrap_socket(listener.accept()[0], server_side=True) as client, client.makefile("rw", newline="") as lines:
    print(client.version(), client.getpeercert()["subject"], flush=True)
    def say(text):
        lines.write(text + "\r\n")
        lines.flush()
    say("* OK ready")
    for line in lines:
        tag, command = line.split()[:2]
        if command == "CAPABILITY":
            say("* CAPABILITY IMAP4rev1")
        if command in ("SELECT", "EXAMINE"):
            say("* 0 EXISTS")
        say(tag + " OK done")
"#;

const CONFIGURATION: &str = "\
poll localhost protocol IMAP service PORT user name password word
    ssl sslcertck sslcertfile AUTHORITY sslcert CERTIFICATE sslkey KEY
";

#[test]
#[ignore = "make programs"]
fn fetchmail() {
    FETCHMAIL.tried(|case| {
        for version in ["TLSv1_2", "TLSv1_3"] {
            let server =
                case.other_side("imap.py", IMAP, &format!("/usr/bin/python3 imap.py PORT {version}"));
            case.configure("fetchmailrc", CONFIGURATION, server.port);
            let private = fs::Permissions::from_mode(0o600);
            fs::set_permissions(case.openssl.file("fetchmailrc"), private).expect("permissions");
            let line =
                "fetchmail --fetchmailrc fetchmailrc --check --nosyslog --pidfile FOLDER/fetchmail.pid";
            let output = case.run(line);
            // No mail (fetchmail(1), exit codes).
            assert_eq!(output.code(), Some(1), "{output}\n{}", server.printed());
            assert!(server.printed().contains("localhost"), "{}", server.printed());
        }
        Outcome::Works
    });
}
