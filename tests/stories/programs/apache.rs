//! Apache: the parent reads the key, the children use it; threads in the one MPM, processes in the other.
use super::keys::Form;
use super::tried::{Outcome, Program};

const APACHE: Program = Program {
    name: "apache",
    version: "/usr/sbin/apache2 -v",
    forms: &Form::WITHOUT_PASSWORD,
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
SSLSessionCache none
Listen 127.0.0.1:PORT
<VirtualHost 127.0.0.1:PORT>
SSLEngine on
SSLCertificateFile CERTIFICATE
SSLCertificateKeyFile KEY
</VirtualHost>
";

#[test]
fn apache() {
    APACHE.tried(|case| {
        for module in ["mpm_event", "mpm_prefork"] {
            let text = CONFIGURATION.replace("mpm_module", &format!("{module}_module")).replace("MPM", module);
            let server = case.server("apache.conf", &text, "/usr/sbin/apache2 -f FOLDER/apache.conf -DFOREGROUND");
            server.answers("");
            server.used_by("", "www-data (tss)");
            server.reloads("", |process| process.signal(libc::SIGUSR1));
        }
        Outcome::Works
    });
}
