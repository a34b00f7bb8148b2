//! PostgreSQL: the postmaster loads the key, and each connection gets a process of its own.

use std::time::Duration;

use tests::process::Process;
use tests::{Shell, port};

use crate::contender::Setup;

const CONFIGURATION: &str = "\
data_directory = 'CLUSTER/pg'
hba_file = 'CLUSTER/pg_hba.conf'
ident_file = 'CLUSTER/pg_ident.conf'
listen_addresses = '127.0.0.1'
port = PORT
unix_socket_directories = ''
ssl = on
ssl_cert_file = 'FOLDER/crt'
ssl_key_file = 'FOLDER/KEY'
";

/// The user of the server, who must not be root but reads the folders of root, as the TPM's users read a key of theirs.
const USER: &str = "setpriv --reuid postgres --regid postgres --clear-groups --inh-caps +dac_read_search --ambient-caps +dac_read_search";

/// The files of a cluster. All servers use it, one after another.
#[derive(Clone)]
pub(crate) struct Cluster {
    shell: Shell,
    postgres: String,
}

/// A running server.
pub(crate) struct Server(Process);

impl Cluster {
    pub(crate) fn new() -> Self {
        let shell = Shell::new("postgresql");
        let binaries =
            shell.ok("sh -c 'ls -d /usr/lib/postgresql/*/bin /usr/bin/initdb 2>/dev/null || true'").out();
        let newest = binaries.lines().rfind(|line| line.ends_with("/bin"));
        let binaries = newest.unwrap_or("/usr/bin");
        shell.ok("chmod 755 .");
        shell.ok("install -d -o postgres -m 700 pg");
        shell.ok(&format!("{USER} {binaries}/initdb -D pg --no-sync -A trust"));
        shell.write("pg_hba.conf", "hostssl all all 127.0.0.1/32 trust\n");
        shell.write("pg_ident.conf", "");
        Self { postgres: format!("{binaries}/postgres"), shell }
    }

    /// Starts a server with the key of a contender, which must be in a file.
    pub(crate) fn start(&self, setup: &Setup, log: &str) -> Option<(u16, Server)> {
        let file = setup.file()?;
        let shell = &setup.shell;
        let [folder, cluster] = [shell, &self.shell].map(|shell| shell.folder().display().to_string());
        let (port, process) = port::serve(1, |port| {
            let text = CONFIGURATION.replace("CLUSTER", &cluster).replace("PORT", &port.to_string());
            let text = text.replace("KEY", file).replace("FOLDER", &folder);
            shell.write("postgresql.conf", text);
            let line = format!("{USER} {} -c config_file={folder}/postgresql.conf", self.postgres);
            shell.spawn(&line, log)
        });
        Some((port, Server(process)))
    }
}

impl Drop for Server {
    /// Ends the server as `pg_ctl stop -m fast` does, so that the next one can use the cluster.
    fn drop(&mut self) {
        self.0.signal(libc::SIGINT);
        self.0.wait_for(Duration::from_secs(20));
    }
}
