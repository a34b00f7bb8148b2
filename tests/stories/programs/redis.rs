//! Redis: the server, and redis-cli with a certificate.
use super::case::Case;
use super::keys::Form;
use super::tried::{Outcome, Program};

const REDIS: Program = Program {
    name: "redis",
    version: "redis-cli --version",
    forms: &Form::ALL,
    does: "TLS 1.2 and 1.3, a reload, and redis-cli with a certificate",
};

const COMMON: &str = "\
bind 127.0.0.1
port PORT1
tls-port PORT
save \"\"
dir FOLDER/redis
io-threads 4
tls-ca-cert-file AUTHORITY
";

const TPM: &str = "\
tls-cert-file CERTIFICATE
tls-key-file KEY
tls-auth-clients no
";

const SOFTWARE: &str = "\
tls-cert-file FOLDER/software.crt
tls-key-file FOLDER/software.key
";

/// As Debian's unit starts it with `SupplementaryGroups=tss`.
const START: &str = "setpriv --reuid redis --regid redis --groups tss redis-server FOLDER/redis.conf";

#[test]
#[ignore = "make programs"]
fn redis() {
    REDIS.tried(|case| {
        case.give("redis");
        case.openssl.shell().ok("install -d -o redis redis");
        let password = case.if_password("tls-key-file-pass PASSWORD\n");
        let server = case.server("redis.conf", &format!("{COMMON}{TPM}{password}"), START);
        server.answers("");
        server.used_by("", "redis (redis, tss)");
        let set = format!("redis-cli -p {} config set tls-cert-file CERTIFICATE", server.port + 1);
        server.reloads("", |_| drop(case.ok(&set).says("OK")));
        drop(server);
        if case.form != Form::Password {
            asks(case);
        }
        Outcome::Works
    });
}

/// redis-cli has no setting for a password.
#[track_caller]
fn asks(case: &Case) {
    case.openssl.shell().ok("chown redis software.key");
    let server = case.server("redis.conf", &format!("{COMMON}{SOFTWARE}"), START);
    let place = format!("-h localhost -p {}", server.port);
    case.ok(&format!("redis-cli {place} --tls --cacert AUTHORITY --cert CERTIFICATE --key KEY ping"))
        .says("PONG");
}
