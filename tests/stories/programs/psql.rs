//! psql, like every program with libpq, presents a certificate instead of a password.
use super::keys::Form;
use super::postgresql;
use super::tried::{Outcome, Program};

const PSQL: Program = Program {
    name: "psql",
    version: "psql --version",
    forms: &Form::ALL,
    does: "TLS 1.2 and 1.3, a login by certificate",
};

const SOFTWARE: &str = "\
ssl_cert_file = 'FOLDER/software.crt'
ssl_key_file = 'FOLDER/software.key'
ssl_ca_file = 'AUTHORITY'
";

#[test]
#[ignore = "make programs"]
fn psql() {
    PSQL.tried(|case| {
        case.openssl.shell().ok("chown postgres software.key");
        let server = postgresql::start(case, SOFTWARE, "hostssl all all 127.0.0.1/32 cert map=certificate\n");
        let password = case.if_password("sslpassword=PASSWORD");
        for version in ["TLSv1.2", "TLSv1.3"] {
            let tls = format!("ssl_min_protocol_version={version} ssl_max_protocol_version={version}");
            let place = format!(
                "host=localhost hostaddr=127.0.0.1 port={} user=postgres dbname=postgres",
                server.port
            );
            let key = format!(
                "sslmode=verify-full sslrootcert=AUTHORITY sslcert=CERTIFICATE sslkey=KEY {password}"
            );
            let query = "select version from pg_stat_ssl where pid = pg_backend_pid()";
            let line = format!("psql '{place} {key} {tls}' -Atc '{query}'");
            assert_eq!(case.ok(&line).out().trim(), version);
        }
        server.stop(libc::SIGINT);
        Outcome::Works
    });
}
