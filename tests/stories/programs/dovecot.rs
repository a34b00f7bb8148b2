//! Dovecot: the config process reads the key; the login processes get its text and use it.
use super::keys::Form;
use super::tried::{Outcome, Program};

const DOVECOT: Program = Program {
    name: "dovecot",
    version: "dovecot --version",
    forms: &Form::ALL,
    does: "TLS 1.2 and 1.3 (IMAP), and a reload",
};

const CONFIGURATION: &str = "\
base_dir = FOLDER/dovecot
log_path = /dev/stderr
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <CERTIFICATE
ssl_key = <KEY
import_environment = OPENSSL_CONF
service imap-login {
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    port = PORT
    ssl = yes
  }
  chroot =
  extra_groups = tss
}
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=/tmp
}
";

#[test]
#[ignore = "make programs"]
fn dovecot() {
    DOVECOT.tried(|case| {
        let text = format!("{CONFIGURATION}{}", case.if_password("ssl_key_password = PASSWORD\n"));
        case.openssl.shell().ok("install -d dovecot");
        case.give("dovenull");
        let server = case.server("dovecot.conf", &text, "dovecot -F -c FOLDER/dovecot.conf");
        server.answers("");
        server.used_by("", "dovenull (dovenull, tss)");
        server.reloads("", |process| process.signal(libc::SIGHUP));
        server.stop(libc::SIGTERM);
        Outcome::Works
    });
}
