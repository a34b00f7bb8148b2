//! The contenders: this provider with its ways to keep a key, and Debian's tpm2-openssl.

use std::fmt;
use std::path::Path;

use tests::{Openssl, Order, Shell, Tool, c_program, peers};

use crate::chip::Chip;
use crate::postgresql::Cluster;
use crate::steps::Step;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contender {
    /// A key file under the owner hierarchy.
    Ours,
    /// The same, and the storage key is persistent (`tpm2-keytool srk`).
    OursWithStorageKey,
    /// A persistent key.
    OursPersistent,
    /// A key file under the owner hierarchy.
    Peer,
    /// A persistent key.
    PeerPersistent,
}

impl Contender {
    pub(crate) const ALL: [Contender; 5] = [
        Contender::Ours,
        Contender::OursWithStorageKey,
        Contender::OursPersistent,
        Contender::Peer,
        Contender::PeerPersistent,
    ];

    /// Returns the contender of the other provider with the same kind of key.
    pub(crate) fn rival(self) -> Option<Self> {
        match self {
            Contender::Ours | Contender::OursWithStorageKey => Some(Contender::Peer),
            Contender::OursPersistent => Some(Contender::PeerPersistent),
            Contender::Peer | Contender::PeerPersistent => None,
        }
    }

    fn is_ours(self) -> bool {
        self.rival().is_some()
    }

    fn is_persistent(self) -> bool {
        matches!(self, Contender::OursPersistent | Contender::PeerPersistent)
    }
}

impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Contender::Ours => "ours",
            Contender::OursWithStorageKey => "ours, srk",
            Contender::OursPersistent => "ours, persistent",
            Contender::Peer => "tpm2-openssl",
            Contender::PeerPersistent => "tpm2-openssl, pers.",
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyType {
    P256,
    Rsa2048,
}

impl KeyType {
    pub(crate) const ALL: [KeyType; 2] = [KeyType::P256, KeyType::Rsa2048];
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyType::P256 => "P-256",
            KeyType::Rsa2048 => "RSA-2048",
        })
    }
}

/// A folder with key, certificate and configuration.
pub(crate) struct Setup {
    pub(crate) shell: Shell,
    /// The key for the OSSL_STORE.
    pub(crate) key: &'static str,
    /// The program of server.c.
    pub(crate) program: String,
    /// True if this provider is measured.
    pub(crate) is_ours: bool,
    /// The files of a PostgreSQL server.
    pub(crate) cluster: Cluster,
}

impl Setup {
    /// Makes key and certificate at full speed.
    pub(crate) fn new(chip: &Chip, contender: Contender, key: KeyType, cluster: &Cluster) -> Self {
        let shell = Shell::new("chip");
        let tool = Tool::new(&shell, &chip.bypass());
        tool.ok(match key {
            KeyType::P256 => "create --ecc P-256 key.tpm",
            KeyType::Rsa2048 => "create --key-size 2048 key.tpm",
        });
        let direct = Openssl::in_shell(shell.clone(), &chip.bypass(), Order::DefaultFirst);
        direct.ok("req -x509 -key key.tpm -subj /CN=localhost -days 2 -out crt");
        if contender == Contender::OursWithStorageKey {
            tool.ok("srk");
        }
        if contender.is_persistent() {
            tool.ok("load key.tpm 81000100");
            tool.ok("reference handle:0x81000100 key.ref");
        }
        let program =
            c_program::build(&shell, &Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/chip/server.c"));
        let tcti = chip.tcti();
        let shell = if contender.is_ours() {
            let openssl = Openssl::in_shell(shell, &tcti, Order::DefaultFirst);
            let openssl = match chip.is_managed() {
                true => openssl.set("resource-manager", "kernel"),
                false => openssl,
            };
            openssl.shell().clone()
        } else {
            peers::tpm2_openssl_for_keys(&shell, &tcti)
        };
        // A reference says whether the key has a password. Without that, this provider would ask the TPM first.
        let key = match contender {
            Contender::OursPersistent => "key.ref",
            Contender::PeerPersistent => "handle:0x81000100",
            _ => "key.tpm",
        };
        Self { shell, key, program, is_ours: contender.is_ours(), cluster: cluster.clone() }
    }

    /// Returns the key for a program that reads a file. `None` if there is no such file.
    pub(crate) fn file(&self) -> Option<&'static str> {
        (!self.key.starts_with("handle:")).then_some(self.key)
    }

    /// Returns false if the contender has no key for the programs of this step.
    pub(crate) fn can(&self, step: Step) -> bool {
        !matches!(step, Step::WorkerStart | Step::PostgreSql) || self.file().is_some()
    }

    /// Returns the last lines that the program of a step has printed.
    pub(crate) fn last_words(&self, step: Step) -> String {
        let log = self.shell.text(step.log());
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(8)..].join("\n")
    }
}
