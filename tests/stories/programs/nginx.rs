//! nginx: the master reads the key, the workers use it.
use super::keys::Form;
use super::tried::{Outcome, Program};

const NGINX: Program = Program {
    name: "nginx",
    version: "/usr/sbin/nginx -v",
    forms: &Form::ALL,
    does: "TLS 1.2 and 1.3, and a reload",
};

const CONFIGURATION: &str = "\
user www-data tss;
daemon off;
error_log stderr;
pid nginx.pid;
events { }
http {
    access_log off;
    server {
        listen 127.0.0.1:PORT ssl;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_certificate CERTIFICATE;
        ssl_certificate_key KEY;
        ssl_password_file WORD;
        return 200;
    }
}
";

#[test]
fn nginx() {
    NGINX.tried(|case| {
        let password = case.if_password("ssl_password_file WORD;");
        let text = CONFIGURATION.replace("ssl_password_file WORD;", password);
        let server = case.server("nginx.conf", &text, "/usr/sbin/nginx -p FOLDER -c nginx.conf");
        server.answers("");
        server.used_by("", "www-data (tss)");
        server.reloads("", |process| process.signal(libc::SIGHUP));
        Outcome::Works
    });
}
