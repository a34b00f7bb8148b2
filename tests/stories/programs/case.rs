//! One run of a program: an order of the providers, a type of key, and the form in which the program gets the key.
use std::time::{Duration, Instant};
use std::{fs, thread};

use tests::process::{Output, Process};
use tests::{Openssl, Shell, TlsServer, port};

use super::keys::{self, Form, PASSWORD, Type, World};
use super::tried::Outcome;
use super::users;

/// The limit for a client, which ends soon, and for what a server does at once.
const LIMIT: Duration = Duration::from_secs(30);

/// The sentence in the page of each server that `asks`.
const ASKS: &str = "A key file with password: the server asks for the password at its terminal, and a service has no terminal.";

/// The parameters of a run.
pub(super) struct Case<'a> {
    pub(super) kind: Type,
    pub(super) form: Form,
    /// An openssl whose configuration loads the provider.
    pub(super) openssl: Openssl,
    pub(super) world: &'a World,
}

impl Case<'_> {
    /// The password that the program must give, if its configuration names a key file with one.
    pub(super) fn password(&self) -> Option<&'static str> {
        (self.form == Form::Password).then_some(PASSWORD)
    }

    /// A line of the program's configuration that is written only if the program gives the password.
    pub(super) fn if_password<'l>(&self, line: &'l str) -> &'l str {
        if self.password().is_some() { line } else { "" }
    }

    /// Returns a command line that runs as if this user were a member of the group tss.
    pub(super) fn with_member(&self, user: &str, line: &str) -> String {
        let groups = fs::read_to_string("/etc/group").expect("/etc/group");
        let add = |group: &str| {
            if group.starts_with("tss:") { format!("{group},{user}\n") } else { format!("{group}\n") }
        };
        self.openssl.write("group", groups.lines().map(add).collect::<String>().replace(":,", ":"));
        format!("unshare --mount sh -c 'mount --bind FOLDER/group /etc/group && exec {line}'")
    }

    /// Lines of a configuration that need root: without root a server may refuse to become another user.
    pub(super) fn if_root<'l>(&self, lines: &'l str) -> &'l str {
        if users::is_root() { lines } else { "" }
    }

    /// The absolute path of the key's file.
    pub(super) fn key(&self) -> String {
        self.path(&keys::file(self.kind, self.form))
    }

    /// The URI of the key, for programs that take one; with the path of the password's file if the reference has it.
    pub(super) fn uri(&self) -> String {
        keys::uri(self.kind, self.form, &self.key(), &self.path("word"))
    }

    /// The absolute path of the key's certificate.
    pub(super) fn certificate(&self) -> String {
        self.path(&keys::certificate(self.kind, self.form))
    }

    /// The absolute path of a file in the folder.
    pub(super) fn path(&self, name: &str) -> String {
        self.openssl.file(name).display().to_string()
    }

    /// Replaces the words FOLDER, KEY, CERTIFICATE, AUTHORITY, WORD (the file with the password) and PASSWORD in the text.
    pub(super) fn fill(&self, text: &str) -> String {
        text.replace("FOLDER", &self.openssl.shell().folder().display().to_string())
            .replace("AUTHORITY", &self.path("authority.pem"))
            .replace("CERTIFICATE", &self.certificate())
            .replace("KEY", &self.key())
            .replace("PASSWORD", PASSWORD)
            .replace("WORD", &self.path("word"))
    }

    /// Writes a configuration, after `fill` and after replacing PORT, PORT1 … as well.
    pub(super) fn configure(&self, name: &str, text: &str, port: u16) {
        let text = (1..9)
            .rev()
            .fold(self.fill(text), |text, n| text.replace(&format!("PORT{n}"), &(port + n).to_string()));
        self.openssl.write(name, text.replace("PORT", &port.to_string()));
    }

    /// Gives the key's files to a user that reads them itself; otherwise only root can read them. Does nothing without root, where every
    /// process has the same user.
    #[track_caller]
    pub(super) fn give(&self, user: &str) {
        if !users::is_root() {
            return;
        }
        self.openssl.shell().ok(&format!("chown {user} {} {}", self.key(), self.path("word")));
    }

    /// Returns the users, with their groups, whose processes use the TPM: `www-data (tss)`. A root process may have proven a password
    /// before.
    pub(super) fn users(&self) -> Vec<String> {
        let mut users = users::of_port(self.world.port());
        if users.iter().any(|name| !name.starts_with("root (")) {
            users.retain(|name| !name.starts_with("root ("));
        }
        users
    }

    /// Starts a server with the configuration `text` in the file `name`, by this command line, and waits until it listens on PORT.
    #[track_caller]
    pub(super) fn server(&self, name: &str, text: &str, line: &str) -> Server<'_> {
        self.serve(self.openssl.shell(), name, text, line)
    }

    /// Starts a server for the other side in the same way, without tpm2.
    #[track_caller]
    pub(super) fn other_side(&self, name: &str, text: &str, line: &str) -> Server<'_> {
        self.serve(self.openssl.without_tpm2().shell(), name, text, line)
    }

    #[track_caller]
    fn serve(&self, shell: &Shell, name: &str, text: &str, line: &str) -> Server<'_> {
        let log = format!("{name}.log");
        let shown = Shown { case: self, log: &log };
        let (port, process) = port::serve_forking(1, |port| {
            self.configure(name, text, port);
            let line = self.fill(line).replace("PORT", &port.to_string());
            shell.spawn(&line, &log)
        });
        drop(shown);
        Server { case: self, port, process, log }
    }

    /// Starts an `openssl s_server` with a software key, which requires a client certificate issued by the authority.
    #[track_caller]
    pub(super) fn strict_server(&self) -> TlsServer {
        let verify = "-CAfile authority.pem -Verify 2 -verify_return_error";
        TlsServer::start(
            &self.openssl.without_tpm2(),
            &format!("-cert software.crt -key software.key {verify}"),
        )
    }

    /// Runs a server that can ask for a password at a terminal only: without one it must report that and exit with an error.
    #[track_caller]
    pub(super) fn asks(&self, name: &str, text: &str, line: &str, says: &str) -> Outcome {
        self.server_fails(name, text, line).says(says);
        Outcome::Fails(ASKS)
    }

    /// Runs a server with a configuration with which it must exit with an error at once.
    #[track_caller]
    pub(super) fn server_fails(&self, name: &str, text: &str, line: &str) -> Output {
        let port = port::free(1);
        self.configure(name, text, port);
        let line = self.fill(line).replace("PORT", &port.to_string());
        self.openssl.shell().clone().limit(LIMIT).failed(&line)
    }

    /// Runs a short program; the words of `fill` are replaced.
    #[track_caller]
    pub(super) fn run(&self, line: &str) -> Output {
        self.openssl.shell().clone().limit(LIMIT).run(&self.fill(line))
    }

    /// Runs a short program, which must succeed.
    #[track_caller]
    pub(super) fn ok(&self, line: &str) -> Output {
        self.run(line).ok()
    }

    /// Runs a stock openssl, which checks what the program made.
    #[track_caller]
    pub(super) fn checked(&self, line: &str) -> Output {
        self.world.machine.openssl.without_tpm2().shell().ok(&self.fill(line))
    }
}

/// A running server.
pub(super) struct Server<'a> {
    case: &'a Case<'a>,
    pub(super) port: u16,
    pub(super) process: Process,
    log: String,
}

impl Server<'_> {
    /// Makes TLS 1.2 and TLS 1.3 connections with a stock openssl, each of which verifies the server's certificate; `options` such as
    /// `-starttls smtp`.
    #[track_caller]
    pub(super) fn answers(&self, options: &str) {
        for version in ["tls1_2", "tls1_3"] {
            self.answers_by(version, options);
        }
    }

    /// Makes one connection with this version of TLS.
    #[track_caller]
    pub(super) fn answers_by(&self, version: &str, options: &str) {
        let verify = "-CAfile authority.pem -verify_return_error -verify_hostname localhost";
        let line = format!("s_client -connect 127.0.0.1:{} -{version} {verify} -brief {options}", self.port);
        let output = self.case.openssl.without_tpm2().run(&line);
        let verified = output.success() && output.err().contains("Verification: OK");
        assert!(verified, "{output}\n{}", self.printed());
    }

    /// Checks that the server presents a new certificate for the same key after `reload`, in both versions of TLS.
    #[track_caller]
    pub(super) fn reloads(&self, options: &str, reload: impl FnOnce(&Process)) {
        self.case.world.certify(self.case.kind, self.case.form);
        reload(&self.process);
        let certificate = self.case.openssl.text(&keys::certificate(self.case.kind, self.case.form));
        let line = format!("s_client -connect 127.0.0.1:{} {options}", self.port);
        let start = Instant::now();
        while !self.case.openssl.without_tpm2().run(&line).out().contains(certificate.trim()) {
            assert!(start.elapsed() < LIMIT, "it keeps the old certificate:\n{}", self.printed());
            thread::sleep(Duration::from_millis(100));
        }
        self.answers(options);
    }

    /// Fails unless the processes that use the TPM have this user and these groups: `www-data (tss)`. A connection is open meanwhile,
    /// since some servers have a process for each. Does nothing without root, where no server drops privileges.
    #[track_caller]
    pub(super) fn used_by(&self, options: &str, user: &str) {
        if !users::is_root() {
            return;
        }
        let stock = self.case.openssl.without_tpm2();
        let line = format!("openssl s_client -connect 127.0.0.1:{} -ign_eof {options}", self.port);
        let _client = stock.shell().spawn(&line, "s_client.log");
        let start = Instant::now();
        while self.case.users() != [user] {
            let users = self.case.users();
            assert!(start.elapsed() < LIMIT, "{users:?} use the TPM, not {user}\n{}", self.printed());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until the server has printed the text.
    #[track_caller]
    pub(super) fn wait_for(&self, text: &str) {
        let start = Instant::now();
        while !self.printed().contains(text) {
            assert!(start.elapsed() < LIMIT, "it did not print {text:?}:\n{}", self.printed());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the server with its own signal and waits: for servers whose processes leave the process group.
    #[track_caller]
    pub(super) fn stop(mut self, signal: i32) {
        self.process.signal(signal);
        self.process.wait(LIMIT);
    }

    /// Returns what the server printed.
    pub(super) fn printed(&self) -> String {
        self.case.openssl.text(&self.log)
    }
}

/// Shows the output of a server that does not start.
struct Shown<'a> {
    case: &'a Case<'a>,
    log: &'a str,
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.case.openssl.text(self.log));
        }
    }
}
