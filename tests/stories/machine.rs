//! The fixture of the stories: a TPM, a folder with keys, the key tool, and an `openssl` with the provider.
use std::fs::File;
use std::path::Path;

use tests::raw::Tpm as _;
use tests::{Dialog, Openssl, Order, ResourceManager, Shell, Swtpm, Tool, c_program, raw};

/// The handle of the persistent standard storage key.
pub(crate) const SRK: u32 = 0x8100_0001;

/// A machine whose keys are made directly on its TPM, past any proxy and resource manager.
pub(crate) struct Machine {
    // Declared before the TPM, so dropped first: the process that holds a connection.
    pub(crate) openssl: Openssl,
    pub(crate) tool: Tool,
    pub(crate) tpm: Swtpm,
}

impl Machine {
    /// Starts a machine whose provider connects to its TPM directly.
    pub(crate) fn new() -> Self {
        let tpm = Swtpm::start();
        let tcti = tpm.tcti();
        Self::reached_by(tpm, &tcti)
    }

    /// Starts a machine whose provider reaches the TPM through something else.
    pub(crate) fn reached_by(tpm: Swtpm, tcti: &str) -> Self {
        let openssl = Openssl::with_tpm2(tcti, Order::Tpm2First);
        let tool = Tool::new(openssl.shell(), &tpm.tcti());
        Self { openssl, tool, tpm }
    }

    /// Starts a machine whose provider connects through a resource manager with the kernel's rules, and knows it.
    pub(crate) fn managed(tpm: Swtpm, manager: &ResourceManager) -> Self {
        let machine = Self::reached_by(tpm, &manager.tcti());
        Self { openssl: machine.openssl.set("resource-manager", "kernel"), ..machine }
    }

    /// Adds a setting to the provider's section of openssl.cnf.
    pub(crate) fn set(self, name: &str, value: &str) -> Self {
        Self { openssl: self.openssl.set(name, value), ..self }
    }

    /// Makes a key file with `tpm2-keytool create OPTIONS NAME`.
    #[track_caller]
    pub(crate) fn key(&self, name: &str, options: &str) {
        self.tool.ok(&format!("create --force {options} {name}"));
    }

    /// Makes the standard P-256 storage key persistent, as on provisioned machines.
    #[track_caller]
    pub(crate) fn provision(&self) {
        let handle = self.tpm.create_primary();
        self.tpm.persist(handle, SRK);
        self.tpm.flush(handle);
    }

    /// Signs a new message with `openssl dgst -sign` and verifies it with a stock openssl.
    #[track_caller]
    pub(crate) fn signs(&self, key: &str) {
        self.openssl.write("message", b"what is signed");
        self.openssl.ok(&format!("dgst -sha256 -sign {key} -out message.sig message"));
        self.openssl.ok(&format!("pkey -in {key} -pubout -out {key}.pub"));
        let verify = format!("dgst -sha256 -verify {key}.pub -signature message.sig message");
        self.openssl.without_tpm2().ok(&verify).says("Verified OK");
    }

    /// Starts the resident program `c/signer.c`.
    #[track_caller]
    pub(crate) fn signer(&self) -> Dialog {
        self.resident("signer")
    }

    /// Starts the same program as process 1 of a PID namespace, like the first process of a container.
    #[track_caller]
    pub(crate) fn contained_signer(&self) -> Dialog {
        let user = self.openssl.shell().ok("id -u").out();
        let map = if user.trim() == "0" { "" } else { "--map-root-user" };
        self.resident_in(&format!("unshare --pid --fork --kill-child {map}"), "signer")
    }

    /// Starts the resident program `c/decrypter.c`.
    #[track_caller]
    pub(crate) fn decrypter(&self) -> Dialog {
        self.resident("decrypter")
    }

    #[track_caller]
    fn resident(&self, name: &str) -> Dialog {
        self.resident_in("", name)
    }

    #[track_caller]
    fn resident_in(&self, wrapper: &str, name: &str) -> Dialog {
        let program = program(self.openssl.shell(), name);
        let mut command = self.openssl.shell().command(&format!("{wrapper} {program}"));
        command.stderr(File::create(self.openssl.file(format!("{name}.log"))).unwrap());
        Dialog::start(command)
    }
}

/// Compiles a program of `stories/c` in the folder, and returns its path.
#[track_caller]
pub(crate) fn program(shell: &Shell, name: &str) -> String {
    if shell.file(name).exists() {
        return format!("./{name}");
    }
    c_program::build(shell, &Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("stories/c/{name}.c")))
}

/// Loads another program's key, under dictionary-attack protection, at this very handle: a wrong password for it counts.
#[track_caller]
pub(crate) fn another_programs_key(tpm: &Swtpm, handle: u32) {
    let mut others = Vec::new();
    while others.last() != Some(&handle) {
        others.push(tpm.create_primary_with(b"another user's password", raw::DA_PROTECTED));
    }
    for other in others.into_iter().filter(|other| *other != handle) {
        tpm.flush(other);
    }
}
