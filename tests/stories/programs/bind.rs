//! BIND: DNS over TLS and over HTTPS.
use super::keys::Form;
use super::tried::{Outcome, Program};

const BIND: Program = Program {
    name: "bind",
    version: "named -v",
    forms: &Form::ALL,
    does: "TLS 1.2 and 1.3, queries over TLS and HTTPS, and a reload",
};

const CONFIGURATION: &str = r#"
options {
    directory "FOLDER/bind";
    pid-file "FOLDER/bind/pid";
    session-keyfile "FOLDER/bind/session";
    listen-on port PORT tls site { 127.0.0.1; };
    listen-on port PORT1 tls site http default { 127.0.0.1; };
    listen-on-v6 { none; };
    recursion no;
    dnssec-validation no;
};
tls site { cert-file "CERTIFICATE"; key-file "KEY"; };
controls { };
zone "example" { type primary; file "FOLDER/example.zone"; };
"#;

const ZONE: &str = "$TTL 1\n@ SOA a b 1 1 1 1 1\n NS a\na A 192.0.2.1\n";

const LINE: &str = "named -g -u bind -c FOLDER/named.conf";

#[test]
#[ignore = "make programs"]
fn bind() {
    BIND.tried(|case| {
        case.give("bind");
        case.openssl.write("example.zone", ZONE);
        case.openssl.shell().ok("install -d -o bind bind");
        if case.form == Form::Password {
            return case.asks("named.conf", CONFIGURATION, LINE, "the key needs a password");
        }
        let server = case.server("named.conf", CONFIGURATION, &case.with_member("bind", LINE));
        server.answers("");
        server.used_by("", "bind (bind, tss)");
        let ask = |options: &str, port| {
            let verify = "+tls-ca=AUTHORITY +tls-hostname=localhost +short";
            let answer = case.ok(&format!("dig {options} {verify} -p {port} @127.0.0.1 a.example A")).out();
            assert_eq!(answer.trim(), "192.0.2.1");
        };
        ask("+tls", server.port);
        ask("+https", server.port + 1);
        server.reloads("", |process| process.signal(libc::SIGHUP));
        Outcome::Works
    });
}
