//! Postfix: smtpd reads the key as root and uses it as postfix; smtp presents a certificate.
use super::keys::Form;
use super::tried::{Outcome, Program};

const POSTFIX: Program = Program {
    name: "postfix",
    version: "postconf -d mail_version",
    forms: &Form::ALL,
    does: "TLS 1.2 and 1.3 after STARTTLS, and a reload",
};

const MAIN: &str = "\
compatibility_level = 3.6
local_recipient_maps =
queue_directory = FOLDER/postfix/queue
data_directory = FOLDER/postfix/data
mail_owner = postfix
setgid_group = postdrop
myhostname = localhost
inet_interfaces = loopback-only
inet_protocols = ipv4
maillog_file = FOLDER/mail.log
maillog_file_prefixes = /tmp, FOLDER
smtpd_tls_security_level = may
smtpd_tls_cert_file = CERTIFICATE
smtpd_tls_key_file = KEY
import_environment = MAIL_CONFIG OPENSSL_CONF
";

const MASTER: &str = "\
127.0.0.1:PORT inet n - n - - smtpd
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
";

const PASSWORD: &str = "`the key needs a password` in the log, and no TLS: a key file with password, for which Postfix has no setting.";

#[test]
#[ignore = "make programs"]
fn postfix() {
    POSTFIX.tried(|case| {
        let shell = case.openssl.shell();
        shell.ok("install -d postfix postfix/etc postfix/queue postfix/queue/pid");
        shell.ok("install -d -o postfix -m 700 postfix/data postfix/queue/private");
        shell.ok("install -d -o postfix -g postdrop -m 710 postfix/queue/public");
        case.configure("postfix/etc/main.cf", MAIN, 0);
        let master = case.with_member("postfix", "/usr/lib/postfix/sbin/master -d -c FOLDER/postfix/etc");
        let server = case.server("postfix/etc/master.cf", MASTER, &master);
        if case.form == Form::Password {
            let line = format!("s_client -connect 127.0.0.1:{} -starttls smtp", server.port);
            case.openssl.without_tpm2().failed(&line);
            let log = case.openssl.text("mail.log");
            assert!(log.contains("the key needs a password"), "{log}");
            server.stop(libc::SIGTERM);
            return Outcome::Fails(PASSWORD);
        }
        server.answers("-starttls smtp");
        server.used_by("-starttls smtp", "postfix (postfix, tss)");
        server.reloads("-starttls smtp", |process| process.signal(libc::SIGHUP));
        server.stop(libc::SIGTERM);
        Outcome::Works
    });
}
