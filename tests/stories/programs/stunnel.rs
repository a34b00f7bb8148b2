//! stunnel: a TLS server in front of another server; it drops privileges.
use super::keys::Form;
use super::tried::{Outcome, Program};

const STUNNEL: Program = Program {
    name: "stunnel",
    version: "stunnel4 -version",
    forms: &Form::ALL,
    does: "TLS 1.2 and 1.3 as a server, and as a client with a certificate",
};

const SERVER: &str = "\
foreground = yes
pid =
setuid = stunnel4
setgid = tss
[site]
accept = 127.0.0.1:PORT
exec = /bin/cat
cert = CERTIFICATE
key = KEY
";

const LINE: &str = "stunnel4 FOLDER/stunnel.conf";

#[test]
#[ignore = "make programs"]
fn stunnel() {
    STUNNEL.tried(|case| {
        case.give("stunnel4");
        if case.form == Form::Password {
            return case.asks("stunnel.conf", SERVER, LINE, "the key needs a password");
        }
        let server = case.server("stunnel.conf", SERVER, LINE);
        server.answers("");
        server.used_by("", "stunnel4 (tss)");
        server.reloads("", |process| process.signal(libc::SIGHUP));
        Outcome::Works
    });
}
