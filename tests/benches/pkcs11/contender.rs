//! A PKCS#11 module with keys in a TPM of its own.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::row::Row;
use tests::{Options, Pace, Proxy, ResourceManager, Shell, Swtpm, Tool, c_program, module, peers};

const PIN: &str = "123456";

/// The keys of a token.
#[derive(Clone, Copy)]
pub(super) struct Keys {
    pub(super) is_rsa: bool,
    pub(super) count: u32,
}

impl Keys {
    pub(super) const ALL: [Keys; 4] = [
        Keys { is_rsa: false, count: 1 },
        Keys { is_rsa: true, count: 1 },
        Keys { is_rsa: false, count: 100 },
        Keys { is_rsa: false, count: 1000 },
    ];
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", if self.is_rsa { "RSA" } else { "EC" }, self.count)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// tpm2-pkcs11, whose keys always have a PIN.
    Peer,
    /// This module, with a PIN.
    Ours,
    /// This module, with a PIN and the setting `session_keep`: like tpm2-pkcs11, it keeps its session behind the resource manager.
    Kept,
    /// This module, with keys that need no PIN.
    WithoutPin,
}

impl Kind {
    pub(super) const ALL: [Kind; 4] = [Kind::Peer, Kind::Ours, Kind::Kept, Kind::WithoutPin];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Peer => "tpm2-pkcs11",
            Kind::Ours => "this-module",
            Kind::Kept => "this, session kept",
            Kind::WithoutPin => "this, without PIN",
        })
    }
}

/// What a process prints.
pub(super) struct Figures {
    pub(super) micros: f64,
    /// The resident memory in KiB.
    pub(super) resident: f64,
    /// The number of listed objects.
    pub(super) objects: f64,
}

pub(super) struct Contender {
    pub(super) kind: Kind,
    module: PathBuf,
    program: String,
    shell: Shell,
    manager: ResourceManager,
    proxy: Proxy,
    _tpm: Swtpm,
}

impl Contender {
    /// Creates the token and its keys.
    pub(super) fn new(kind: Kind, keys: Keys) -> Self {
        let tpm = Swtpm::start();
        let proxy = Proxy::start(&tpm);
        let manager = ResourceManager::before(&proxy, Options::default());
        let shell = Shell::new("pkcs11");
        let (shell, module) = match kind {
            Kind::Peer => peers::tpm2_pkcs11(&shell, &manager.tcti(), PIN),
            Kind::Ours | Kind::Kept | Kind::WithoutPin => {
                // tpm2_ptool makes such a key, too.
                Tool::new(&shell, &manager.tcti()).ok("srk");
                (token(kind, &shell, &manager.tcti()), module::pkcs11())
            }
        };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/pkcs11/calls.c");
        let program = c_program::build(&shell, &source);
        let contender = Self { kind, module, program, shell, manager, proxy, _tpm: tpm };
        let algorithm = if keys.is_rsa { "rsa" } else { "ec" };
        contender.call("make", &format!("{algorithm} {}", keys.count));
        contender
    }

    pub(super) fn run(&self, row: Row, count: u32) -> Figures {
        let output = self.call(row.command(), &count.to_string());
        let figures: Vec<f64> =
            output.split_whitespace().map(|word| word.parse().expect("a number")).collect();
        let [micros, resident, objects] = figures[..] else { panic!("three numbers: {output}") };
        Figures { micros, resident, objects }
    }

    /// Counts the commands of one operation at the chip; those of the whole process if the operation is the process.
    pub(super) fn commands(&self, row: Row) -> f64 {
        let process = |count| {
            self.manager.chip().clear();
            let _ = self.run(row, count);
            self.manager.wait_for_connections(0);
            f64::from(u32::try_from(self.manager.chip().len()).expect("a short log"))
        };
        match row.count() {
            0 => process(0),
            count => (process(count) - process(0)) / f64::from(count),
        }
    }

    /// Measures the milliseconds of one operation on a chip ([`Pace::CHIP`]).
    pub(super) fn chip_millis(&self, row: Row) -> f64 {
        self.proxy.on_response(Pace::CHIP.rule());
        let figures = self.run(row, row.count().min(4));
        self.proxy.remove_rules();
        figures.micros / 1e3
    }

    fn call(&self, command: &str, arguments: &str) -> String {
        let pin = if self.kind == Kind::WithoutPin { "-" } else { PIN };
        let line = format!("{} {command} {} {pin} {arguments}", self.program, self.module.display());
        self.shell.clone().limit(Duration::from_secs(1200)).ok(&line).out()
    }
}

/// Returns a shell in which this module has an empty folder of keys as its token.
fn token(kind: Kind, shell: &Shell, tcti: &str) -> Shell {
    let folder = shell.file("keys");
    std::fs::create_dir(&folder).expect("a folder for the keys");
    let text = format!("manufacturer id = Example\n[keys]\nfolder = {}\n", folder.display());
    let configuration = shell.write("pkcs11.conf", text);
    let shell = shell
        .clone()
        .env("TPM2_PKCS11_CONF", configuration)
        .env("TPM2_TCTI", tcti)
        .env("TPM2_RESOURCE_MANAGER", "kernel");
    if kind == Kind::Kept { shell.env("TPM2_SESSION_KEEP", "60") } else { shell }
}
