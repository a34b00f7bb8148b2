//! Apache: the parent reads the key, the children use it; threads in one MPM, processes in the other.
use super::keys::Form;
use super::tried::{Outcome, Program};

const APACHE: Program = Program {
    name: "apache",
    version: "/usr/sbin/apache2 -v",
    forms: &Form::ALL,
    does: "TLS 1.2 and 1.3, and a reload, with the MPMs event and prefork",
};

const CONFIGURATION: &str = "\
ServerRoot FOLDER
ServerName localhost
PidFile FOLDER/apache.pid
Mutex file:FOLDER
LoadModule mpm_module /usr/lib/apache2/modules/mod_MPM.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
User www-data
Group tss
ErrorLog /dev/stderr
DocumentRoot FOLDER
SSLPassPhraseDialog exec:FOLDER/dialog
SSLSessionCache none
Listen 127.0.0.1:PORT
<VirtualHost 127.0.0.1:PORT>
SSLEngine on
SSLCertificateFile CERTIFICATE
SSLCertificateKeyFile KEY
</VirtualHost>
";

/// Prints the password, whatever key Apache names.
const DIALOG: &str = "#!/bin/sh\ncat WORD\n";

const LINE: &str = "/usr/sbin/apache2 -f FOLDER/apache.conf -DFOREGROUND";

const DIALOG_FAILS: &str = "`AH02564: Failed to configure encrypted (?) private key`: a key file with password. Apache asks its `SSLPassPhraseDialog`, \
     writes the key into memory, and reads it again without the password.";

#[test]
fn apache() {
    APACHE.tried(|case| {
        case.openssl.shell().program("dialog", case.fill(DIALOG));
        for module in ["mpm_event", "mpm_prefork"] {
            let text =
                CONFIGURATION.replace("mpm_module", &format!("{module}_module")).replace("MPM", module);
            if case.form == Form::Password {
                case.server_fails("apache.conf", &text, LINE)
                    .says("AH02564: Failed to configure encrypted (?) private key");
                continue;
            }
            let server = case.server("apache.conf", &text, LINE);
            server.answers("");
            server.used_by("", "www-data (tss)");
            server.reloads("", |process| process.signal(libc::SIGUSR1));
        }
        if case.form == Form::Password { Outcome::Fails(DIALOG_FAILS) } else { Outcome::Works }
    });
}
