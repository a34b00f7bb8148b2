//! MariaDB: the server, and the client with a certificate.
use super::case::{Case, Server};
use super::keys::Form;
use super::tried::{Outcome, Program};

const MARIADB: Program = Program {
    name: "mariadb",
    version: "sh -c 'mariadbd --version | sed s/.*Ver//'",
    forms: &Form::ALL,
    does: "TLS 1.2 and 1.3, a reload, and a client with a certificate",
};

const CONFIGURATION: &str = "\
[mariadbd]
datadir = FOLDER/mariadb
socket = FOLDER/run/mariadb.sock
bind-address = 127.0.0.1
port = PORT
";

const TPM: &str = "ssl-cert = CERTIFICATE\nssl-key = KEY\n";
const SOFTWARE: &str = "ssl-cert = FOLDER/software.crt\nssl-key = FOLDER/software.key\nssl-ca = AUTHORITY\n";

#[test]
#[ignore = "make programs"]
fn mariadb() {
    MARIADB.tried(|case| {
        case.give("mysql");
        if case.form == Form::Password {
            return case.asks(
                "mariadb.cnf",
                &format!("{CONFIGURATION}{TPM}"),
                &line(case),
                "Unable to get private key",
            );
        }
        let server = start(case, TPM);
        server.answers("-starttls mysql");
        server.used_by("-starttls mysql", "mysql (mysql, tss)");
        server.reloads("-starttls mysql", |_| drop(query(case, &server, "", "FLUSH SSL")));
        server.stop(libc::SIGTERM);

        case.openssl.shell().ok("chown mysql software.key");
        let server = start(case, SOFTWARE);
        query(case, &server, "", "CREATE USER IF NOT EXISTS known@localhost REQUIRE X509");
        for version in ["TLSv1.2", "TLSv1.3"] {
            let key = format!(
                "--user known --ssl-ca AUTHORITY --ssl-cert CERTIFICATE --ssl-key KEY --tls-version {version}"
            );
            let answer = query(case, &server, &key, "SHOW STATUS LIKE 'Ssl_version'");
            assert!(answer.contains(version), "{answer}");
        }
        server.stop(libc::SIGTERM);
        Outcome::Works
    });
}

#[track_caller]
fn start<'a>(case: &'a Case, settings: &str) -> Server<'a> {
    case.server("mariadb.cnf", &format!("{CONFIGURATION}{settings}"), &line(case))
}

/// Makes the databases, and returns the command that starts a server as Debian's unit does with `SupplementaryGroups=tss`.
#[track_caller]
fn line(case: &Case) -> String {
    let shell = case.openssl.shell();
    let mysql = "setpriv --reuid mysql --regid mysql --groups tss";
    if !shell.file("mariadb").exists() {
        shell.ok("install -d -o mysql -m 700 mariadb");
        let options = "--auth-root-authentication-method=normal --skip-test-db";
        shell.ok(&case
            .fill(&format!("{mysql} mariadb-install-db --no-defaults --datadir=FOLDER/mariadb {options}")));
    }
    shell.ok("install -d -o mysql -m 755 run");
    format!("{mysql} mariadbd --defaults-file=FOLDER/mariadb.cnf")
}

#[track_caller]
fn query(case: &Case, server: &Server, options: &str, query: &str) -> String {
    let place = format!("--no-defaults --protocol tcp --host localhost --port {} --user root", server.port);
    case.ok(&format!("mariadb {place} {options} -e \"{query}\"")).out()
}
