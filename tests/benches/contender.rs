//! The contenders, their operations, and the process in which each of them runs.

use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Stdio};
use std::str::FromStr;

use crate::bridge;
use tests::process::{LIMIT, Process};
use tests::{Openssl, Order, Shell, Swtpm, Tool, peers};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// A signature.
    EcdsaP256,
    /// A signature.
    Rsa2048,
    /// A decryption, PKCS#1 v1.5.
    Rsaes2048,
    /// A decryption, OAEP with SHA-256.
    Oaep2048,
    /// A derivation with a new peer. libcrypto checks the peer's point before it calls a provider.
    EcdhP256,
    /// A derivation without that check, which takes a fifth of the time of a simulator's derivation. The TPM checks the point itself.
    EcdhUnchecked,
}

impl Algorithm {
    pub(crate) const ALL: [Algorithm; 6] = [
        Algorithm::EcdsaP256,
        Algorithm::Rsa2048,
        Algorithm::Rsaes2048,
        Algorithm::Oaep2048,
        Algorithm::EcdhP256,
        Algorithm::EcdhUnchecked,
    ];

    /// Returns the key tool's options that create such a key.
    pub(crate) fn options(self) -> &'static str {
        match self {
            Algorithm::EcdsaP256 | Algorithm::EcdhP256 | Algorithm::EcdhUnchecked => "--ecc P-256",
            Algorithm::Rsa2048 | Algorithm::Rsaes2048 | Algorithm::Oaep2048 => "--key-size 2048",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Algorithm::EcdsaP256 => "ECDSA-P256",
            Algorithm::Rsa2048 => "RSA-2048",
            Algorithm::Rsaes2048 => "RSAES-2048",
            Algorithm::Oaep2048 => "OAEP-2048",
            Algorithm::EcdhP256 => "ECDH-P256",
            Algorithm::EcdhUnchecked => "ECDH-nocheck",
        })
    }
}

impl FromStr for Algorithm {
    type Err = String;
    fn from_str(name: &str) -> Result<Self, String> {
        Algorithm::ALL.into_iter().find(|a| a.to_string() == name).ok_or_else(|| name.to_owned())
    }
}

/// How the Context of tss-esapi authorizes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Session {
    Password,
    Hmac,
    Salted,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Only the same TPM command, in a password session and through the same TCTI.
    Floor,
    /// This provider.
    Ours,
    /// Debian's tpm2-openssl.
    Peer,
    /// tss_esapi::Context, without OpenSSL.
    Esapi(Session),
}

impl Kind {
    pub(crate) const ALL: [Kind; 6] = [
        Kind::Floor,
        Kind::Ours,
        Kind::Peer,
        Kind::Esapi(Session::Password),
        Kind::Esapi(Session::Hmac),
        Kind::Esapi(Session::Salted),
    ];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Kind::Floor => "bare-command",
            Kind::Ours => "this-provider",
            Kind::Peer => "tpm2-openssl",
            Kind::Esapi(Session::Password) => "esapi-password",
            Kind::Esapi(Session::Hmac) => "esapi-hmac",
            Kind::Esapi(Session::Salted) => "esapi-salted-encrypted",
        })
    }
}

impl FromStr for Kind {
    type Err = String;
    fn from_str(name: &str) -> Result<Self, String> {
        Kind::ALL.into_iter().find(|k| k.to_string() == name).ok_or_else(|| name.to_owned())
    }
}

/// A contender's process, with a TPM of its own.
pub(crate) struct Contender {
    process: Process,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// The contender's own TPM, which must live as long as the contender.
    _tpm: Option<Swtpm>,
}

/// How a contender reaches its TPM.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// tcti-swtpm, which makes a TCP connection for each command.
    Direct,
    /// tcti-cmd. Its pipes cost the client about as much as a device.
    Pipes,
}

impl Contender {
    pub(crate) fn start(kind: Kind, algorithm: Algorithm, way: Way) -> Self {
        let tpm = Swtpm::start();
        let tcti = match way {
            Way::Direct => tpm.tcti(),
            Way::Pipes => bridge::tcti(&tpm),
        };
        let mut contender = Self::at(kind, algorithm, &tpm, &tcti, false);
        contender._tpm = Some(tpm);
        contender
    }

    /// Starts a contender that reaches this TPM by `tcti`; through a resource manager with the kernel's rules if `managed` is true.
    pub(crate) fn at(kind: Kind, algorithm: Algorithm, tpm: &Swtpm, tcti: &str, managed: bool) -> Self {
        let shell = Shell::new("bench");
        if matches!(kind, Kind::Ours | Kind::Peer) {
            Tool::new(&shell, &tpm.tcti()).ok(&format!("create {} key.tpm", algorithm.options()));
        }
        let shell = match kind {
            Kind::Ours => {
                let openssl = Openssl::in_shell(shell, tcti, Order::DefaultFirst);
                let openssl = if managed { openssl.set("resource-manager", "kernel") } else { openssl };
                openssl.shell().clone()
            }
            Kind::Peer => peers::tpm2_openssl_everywhere(&shell, tcti),
            Kind::Floor | Kind::Esapi(_) => shell,
        };
        spawn(&shell, &format!("{kind} {algorithm} '{tcti}' key.tpm"))
    }

    /// Starts this provider with an existing key file and TPM.
    pub(crate) fn with(openssl: &Openssl, algorithm: Algorithm, key: &str) -> Self {
        spawn(openssl.shell(), &format!("{} {algorithm} none {key}", Kind::Ours))
    }

    /// Returns wall and CPU time of one operation in ns, as the mean over a batch; `None` if the contender failed.
    pub(crate) fn batch(&mut self, operations: u32, threads: u32) -> Option<(f64, f64)> {
        writeln!(self.requests.as_mut().expect("a worker"), "{operations} {threads}").ok()?;
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("an answer");
        let (wall, cpu) = line.trim().split_once(' ')?;
        let each = |figure: &str| figure.parse::<f64>().expect("a figure") / f64::from(operations);
        Some((each(wall), each(cpu)))
    }
}

impl Drop for Contender {
    fn drop(&mut self) {
        self.requests.take();
        self.process.wait_for(LIMIT);
    }
}

/// Starts this program again, as a worker in the environment of a shell.
fn spawn(shell: &Shell, worker: &str) -> Contender {
    let program = std::env::current_exe().expect("this program");
    let mut command = shell.command(&format!("{} worker {worker}", program.display()));
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    // The library of tss-esapi prints a page for each missing feature.
    if worker.starts_with(&Kind::Peer.to_string()) {
        command.stderr(Stdio::null());
    }
    let mut process = Process::spawn(command);
    let requests = process.child().stdin.take();
    let mut answers = BufReader::new(process.child().stdout.take().expect("its output"));
    let mut line = String::new();
    answers.read_line(&mut line).expect("its first line");
    // Other contenders may fail on their own; their batches are then `None`.
    let ours = !worker.starts_with(&Kind::Peer.to_string());
    assert!(line.trim() == "ready" || !ours, "a worker did not start: {worker}");
    Contender { process, requests, answers, _tpm: None }
}
