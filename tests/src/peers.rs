//! The other implementations of this field, as shells with the right environment: files and keys are exchanged with them.
use crate::{Openssl, Order, Shell, Swtpm};

/// tpm2-tools (`tpm2_createprimary …`) in the folder of the shell.
#[must_use]
pub fn tpm2_tools(shell: &Shell, tcti: &str) -> Shell {
    shell.beside().env("TPM2TOOLS_TCTI", tcti)
}

/// The IBM tools (`tsscreateprimary …`) in the folder of the shell. Their stack speaks swtpm's plain framing on the
/// command port only.
#[must_use]
pub fn ibm_tools(shell: &Shell, tpm: &Swtpm) -> Shell {
    shell
        .beside()
        .env("TPM_INTERFACE_TYPE", "socsim")
        .env("TPM_SERVER_TYPE", "raw")
        .env("TPM_SERVER_NAME", "127.0.0.1")
        .env("TPM_COMMAND_PORT", tpm.port().to_string())
        .env("TPM_PLATFORM_PORT", (tpm.port() + 1).to_string())
        // Its session state and public areas are kept in files.
        .env("TPM_DATA_DIR", shell.folder())
}

/// Stock openssl with Debian's tpm2-openssl, which has the same provider name as ours, from the system's module folder.
#[must_use]
pub fn tpm2_openssl(shell: &Shell, tcti: &str) -> Shell {
    Openssl::clean_in(shell.clone()).shell().clone().env("TPM2OPENSSL_TCTI", tcti)
}

/// The same, active by configuration: for programs that name no provider.
#[must_use]
pub fn tpm2_openssl_everywhere(shell: &Shell, tcti: &str) -> Shell {
    let openssl = Openssl::clean_in(shell.clone()).ordered(Order::Tpm2First);
    openssl.shell().clone().env("TPM2OPENSSL_TCTI", tcti)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::Tpm as _;

    #[test]
    fn each_peer_makes_a_key() {
        let tpm = Swtpm::start();
        let shell = Shell::new("peers");
        tpm2_tools(&shell, &tpm.tcti()).ok("tpm2_createprimary -C o -c primary.ctx");
        for handle in tpm.transient() {
            tpm.flush(handle);
        }
        let created = ibm_tools(&shell, &tpm).ok("tsscreateprimary -hi o -ecc nistp256 -st");
        assert!(created.out().contains("80000000"), "{created}");
        tpm.flush(0x8000_0000);
        let line = "openssl genpkey -provider tpm2 -provider default -algorithm EC -pkeyopt group:P-256 -out key.tpm";
        tpm2_openssl(&shell, &tpm.tcti()).ok(line);
        assert!(shell.text("key.tpm").contains("BEGIN TSS2 PRIVATE KEY"));
    }
}
