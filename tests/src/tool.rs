//! The key tool, as a shell user calls it.
use crate::process::Output;
use crate::{Shell, module};

/// Runs `tpm2-keytool` in a shell's folder.
#[derive(Clone)]
pub struct Tool {
    shell: Shell,
    program: String,
}

impl Tool {
    /// The tool in the folder of the shell, its TPM given by TPM2_TCTI.
    #[must_use]
    #[track_caller]
    pub fn new(shell: &Shell, tcti: &str) -> Self {
        Self { shell: shell.beside().env("TPM2_TCTI", tcti), program: program() }
    }

    /// The tool in this shell, its TPM and everything else as openssl.cnf says.
    #[must_use]
    pub fn configured(shell: &Shell) -> Self {
        Self { shell: shell.clone(), program: program() }
    }

    /// Its shell.
    #[must_use]
    pub fn shell(&self) -> &Shell {
        &self.shell
    }

    /// `tpm2-keytool LINE` to its end.
    #[must_use]
    pub fn run(&self, line: &str) -> Output {
        self.shell.run(&format!("{} {line}", self.program))
    }

    /// `tpm2-keytool LINE` with a standard input.
    #[must_use]
    pub fn pipe(&self, line: &str, input: impl AsRef<[u8]>) -> Output {
        self.shell.pipe(&format!("{} {line}", self.program), input)
    }

    /// `tpm2-keytool LINE`, which must succeed.
    #[track_caller]
    pub fn ok(&self, line: &str) -> Output {
        self.run(line).ok()
    }

    /// `tpm2-keytool LINE`, which must fail, but neither crash nor hang.
    #[track_caller]
    pub fn failed(&self, line: &str) -> Output {
        self.run(line).failed()
    }
}

fn program() -> String {
    module::keytool().display().to_string()
}
