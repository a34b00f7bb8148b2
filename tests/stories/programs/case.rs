//! One try of a program: an order of the providers, a type of key, and the form in which the program gets the key.
use std::time::Duration;

use tests::process::{Output, Process};
use tests::{Openssl, Shell, TlsServer, port};

use super::keys::{self, Form, PASSWORD, Type, World};

/// For a client, which is a short process.
const SECONDS: u32 = 30;

/// What a program is tried with.
pub(super) struct Case<'a> {
    pub(super) kind: Type,
    pub(super) form: Form,
    /// With the provider configured.
    pub(super) openssl: Openssl,
    pub(super) world: &'a World,
}

impl Case<'_> {
    /// The password that the program has to give, if its configuration names a key file with one.
    pub(super) fn password(&self) -> Option<&'static str> {
        (self.form == Form::Password).then_some(PASSWORD)
    }

    /// A line of the program's configuration that is written only where the program gives the password.
    pub(super) fn if_password<'l>(&self, line: &'l str) -> &'l str {
        if self.password().is_some() { line } else { "" }
    }

    /// The absolute path of the key's file.
    pub(super) fn key(&self) -> String {
        self.path(&keys::file(self.kind, self.form))
    }

    /// The absolute path of the key's certificate.
    pub(super) fn certificate(&self) -> String {
        self.path(&keys::certificate(self.kind, self.form))
    }

    /// The absolute path of a file of the folder.
    pub(super) fn path(&self, name: &str) -> String {
        self.openssl.file(name).display().to_string()
    }

    /// The text with the words FOLDER, KEY, CERTIFICATE, AUTHORITY, WORD (the file with the password) and PASSWORD replaced.
    pub(super) fn fill(&self, text: &str) -> String {
        text.replace("FOLDER", &self.openssl.shell().folder().display().to_string())
            .replace("AUTHORITY", &self.path("authority.pem"))
            .replace("CERTIFICATE", &self.certificate())
            .replace("KEY", &self.key())
            .replace("PASSWORD", PASSWORD)
            .replace("WORD", &self.path("word"))
    }

    /// Writes a configuration: `fill`, with PORT, PORT1 … replaced as well.
    pub(super) fn configure(&self, name: &str, text: &str, port: u16) {
        let text = (1..9)
            .rev()
            .fold(self.fill(text), |text, n| text.replace(&format!("PORT{n}"), &(port + n).to_string()));
        self.openssl.write(name, text.replace("PORT", &port.to_string()));
    }

    /// Starts a server whose configuration is `text` in the file `name`, by the command line, until it listens on PORT.
    #[track_caller]
    pub(super) fn server(&self, name: &str, text: &str, line: &str) -> Server<'_> {
        self.serve(self.openssl.shell(), name, text, line)
    }

    /// The same for a server of the other side, which has never heard of tpm2.
    #[track_caller]
    pub(super) fn other_side(&self, name: &str, text: &str, line: &str) -> Server<'_> {
        self.serve(self.openssl.stranger().shell(), name, text, line)
    }

    #[track_caller]
    fn serve(&self, shell: &Shell, name: &str, text: &str, line: &str) -> Server<'_> {
        let log = format!("{name}.log");
        let (port, process) = port::serve_forking(1, |port| {
            self.configure(name, text, port);
            let line = self.fill(line).replace("PORT", &port.to_string());
            shell.spawn(&line, &log)
        });
        Server { case: self, port, process, log }
    }

    /// An `openssl s_server` with a software key, which wants a certificate that the authority has issued.
    #[track_caller]
    pub(super) fn strict_server(&self) -> TlsServer {
        let verify = "-CAfile authority.pem -Verify 2 -verify_return_error";
        TlsServer::start(&self.openssl.stranger(), &format!("-cert software.crt -key software.key {verify}"))
    }

    /// A short program; the words of `fill` are replaced.
    #[track_caller]
    pub(super) fn run(&self, line: &str) -> Output {
        self.openssl.shell().clone().limit(Duration::from_secs(SECONDS.into())).run(&self.fill(line))
    }

    /// The same, which must succeed.
    #[track_caller]
    pub(super) fn ok(&self, line: &str) -> Output {
        self.run(line).ok()
    }

    /// The same by a stranger, who checks what the program made.
    #[track_caller]
    pub(super) fn checked(&self, line: &str) -> Output {
        self.world.machine.openssl.stranger().shell().ok(&self.fill(line))
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
    /// A stranger's TLS 1.2 and TLS 1.3 connections, each of which verifies the server's certificate; `options` as
    /// `-starttls smtp`.
    #[track_caller]
    pub(super) fn answers(&self, options: &str) {
        for version in ["tls1_2", "tls1_3"] {
            self.answers_by(version, options);
        }
    }

    /// One connection of a version of TLS.
    #[track_caller]
    pub(super) fn answers_by(&self, version: &str, options: &str) {
        let verify = "-CAfile authority.pem -verify_return_error -verify_hostname localhost";
        let line = format!("s_client -connect 127.0.0.1:{} -{version} {verify} -brief {options}", self.port);
        let output = self.case.openssl.stranger().run(&line);
        let verified = output.success() && output.err().contains("Verification: OK");
        assert!(verified, "{output}\n{}", self.printed());
    }

    /// What it printed.
    pub(super) fn printed(&self) -> String {
        self.case.openssl.text(&self.log)
    }
}
