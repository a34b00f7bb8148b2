//! PostgreSQL: the postmaster reads the key, the backends use it.
use super::case::{Case, Server};
use super::keys::Form;
use super::tried::{Outcome, Program};

const POSTGRESQL: Program = Program {
    name: "postgresql",
    version: "sh -c '/usr/lib/postgresql/*/bin/postgres --version'",
    forms: &Form::ALL,
    does: "TLS 1.2 and 1.3, and a reload",
};

const CONFIGURATION: &str = "\
data_directory = 'FOLDER/pg'
hba_file = 'FOLDER/pg_hba.conf'
ident_file = 'FOLDER/pg_ident.conf'
listen_addresses = '127.0.0.1'
port = PORT
unix_socket_directories = ''
ssl = on
";

const TPM: &str = "\
ssl_cert_file = 'CERTIFICATE'
ssl_key_file = 'KEY'
";

const PASSWORD: &str = "\
ssl_passphrase_command = 'cat WORD'
ssl_passphrase_command_supports_reload = on
";

#[test]
#[ignore = "make programs"]
fn postgresql() {
    POSTGRESQL.tried(|case| {
        case.give("postgres");
        let server = start(
            case,
            &format!("{TPM}{}", case.if_password(PASSWORD)),
            "hostssl all all 127.0.0.1/32 trust\n",
        );
        server.answers("-starttls postgres");
        server.used_by("-starttls postgres", "postgres (postgres, tss)");
        server.reloads("-starttls postgres", |process| process.signal(libc::SIGHUP));
        server.stop(libc::SIGINT);
        Outcome::Works
    });
}

/// Starts a cluster as Debian's pg_ctlcluster does if postgres is a member of tss: it drops the groups of the unit.
#[track_caller]
pub(super) fn start<'a>(case: &'a Case, settings: &str, hba: &str) -> Server<'a> {
    let shell = case.openssl.shell();
    let postgres = "setpriv --reuid postgres --regid postgres --groups tss";
    let binaries = shell.ok("sh -c 'ls -d /usr/lib/postgresql/*/bin'").out();
    let binaries = binaries.lines().last().expect("PostgreSQL is installed");
    if !shell.file("pg").exists() {
        shell.ok("install -d -o postgres -m 700 pg");
        shell.ok(&format!("{postgres} {binaries}/initdb -D pg --no-sync"));
    }
    shell.write("pg_hba.conf", hba);
    shell.write("pg_ident.conf", "certificate localhost postgres\n");
    let server = case.server(
        "postgresql.conf",
        &format!("{CONFIGURATION}{settings}"),
        &format!("{postgres} {binaries}/postgres -c config_file=FOLDER/postgresql.conf"),
    );
    server.wait_for("ready to accept connections");
    server
}
