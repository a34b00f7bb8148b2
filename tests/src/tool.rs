//! The key tool, run as a user runs it.
use crate::process::Output;
use crate::{Shell, module};

/// Runs `tpm2-keytool` in a shell's folder.
#[derive(Clone)]
pub struct Tool {
    shell: Shell,
    program: String,
}

impl Tool {
    /// Returns the tool in the shell's folder, with its TPM given by TPM2_TCTI.
    #[must_use]
    #[track_caller]
    pub fn new(shell: &Shell, tcti: &str) -> Self {
        Self { shell: shell.beside().env("TPM2_TCTI", tcti), program: program() }
    }

    /// Returns the tool in this shell; openssl.cnf configures the TPM and everything else.
    #[must_use]
    pub fn configured(shell: &Shell) -> Self {
        Self { shell: shell.clone(), program: program() }
    }

    /// Returns its shell.
    #[must_use]
    pub fn shell(&self) -> &Shell {
        &self.shell
    }

    /// Runs `tpm2-keytool LINE` to its end.
    #[must_use]
    pub fn run(&self, line: &str) -> Output {
        self.shell.run(&format!("{} {line}", self.program))
    }

    /// Runs `tpm2-keytool LINE` with a standard input.
    #[must_use]
    pub fn pipe(&self, line: &str, input: impl AsRef<[u8]>) -> Output {
        self.shell.pipe(&format!("{} {line}", self.program), input)
    }

    /// Runs `tpm2-keytool LINE`, which must succeed.
    #[track_caller]
    pub fn ok(&self, line: &str) -> Output {
        self.run(line).ok()
    }

    /// Runs `tpm2-keytool LINE`, which must fail, but neither crash nor hang.
    #[track_caller]
    pub fn failed(&self, line: &str) -> Output {
        self.run(line).failed()
    }
}

fn program() -> String {
    module::keytool().display().to_string()
}
