//! lighttpd reads the key as root and uses it as another user.
use super::keys::Form;
use super::tried::{Outcome, Program};

const LIGHTTPD: Program =
    Program { name: "lighttpd", version: "lighttpd -v", forms: &Form::ALL, does: "TLS 1.2 and 1.3" };

const CONFIGURATION: &str = r#"
server.modules = ("mod_openssl")
server.document-root = "FOLDER"
server.bind = "127.0.0.1"
server.port = PORT
server.username = "www-data"
server.groupname = "tss"
ssl.engine = "enable"
ssl.pemfile = "CERTIFICATE"
ssl.privkey = "KEY"
"#;

const LINE: &str = "lighttpd -D -f lighttpd.conf";

#[test]
#[ignore = "make programs"]
fn lighttpd() {
    LIGHTTPD.tried(|case| {
        case.give("www-data");
        if case.form == Form::Password {
            return case.asks("lighttpd.conf", CONFIGURATION, LINE, "couldn't read private key");
        }
        let server = case.server("lighttpd.conf", CONFIGURATION, LINE);
        server.answers("");
        server.used_by("", "www-data (tss)");
        server.reloads("", |process| process.signal(libc::SIGUSR1));
        Outcome::Works
    });
}
