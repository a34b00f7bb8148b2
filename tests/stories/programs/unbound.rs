//! Unbound: DNS over TLS.
use super::keys::Form;
use super::tried::{Outcome, Program};

const UNBOUND: Program = Program {
    name: "unbound",
    version: "unbound -V",
    forms: &Form::ALL,
    does: "TLS 1.2 and 1.3, a query over TLS",
};

const CONFIGURATION: &str = r#"
server:
    directory: "FOLDER"
    chroot: ""
    username: "unbound"
    pidfile: "FOLDER/unbound.pid"
    interface: 127.0.0.1@PORT
    tls-port: PORT
    tls-service-key: "KEY"
    tls-service-pem: "CERTIFICATE"
    use-syslog: no
    logfile: ""
    num-threads: 4
    module-config: "iterator"
    local-data: "a.example. A 192.0.2.1"
remote-control:
    control-enable: no
"#;

const LINE: &str = "unbound -d -c FOLDER/unbound.conf";

#[test]
#[ignore = "make programs"]
fn unbound() {
    UNBOUND.tried(|case| {
        if case.form == Form::Password {
            return case.asks("unbound.conf", CONFIGURATION, LINE, "the key needs a password");
        }
        let server = case.server("unbound.conf", CONFIGURATION, &case.with_member("unbound", LINE));
        server.answers("");
        server.used_by("", "unbound (tss, unbound)");
        let verify = "+tls-ca=AUTHORITY +tls-hostname=localhost +short";
        let answer = case.ok(&format!("dig +tls {verify} -p {} @127.0.0.1 a.example A", server.port)).out();
        assert_eq!(answer.trim(), "192.0.2.1");
        // It keeps the old certificate, and the key works as before.
        server.process.signal(libc::SIGHUP);
        server.wait_for("Restart of unbound");
        server.answers("");
        Outcome::Works
    });
}
