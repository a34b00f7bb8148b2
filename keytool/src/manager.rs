//! Detects resource managers, which load and save the objects of each program around each of its commands.

use tpm::location::Kind;
use tpm::{Manager, Tpm};

/// Returns true if the TPM is reached through a resource manager: the kernel's, or tpm2-abrmd.
pub(crate) fn is_between(tpm: &Tpm) -> bool {
    match tpm.config().manager {
        Manager::Kernel => true,
        Manager::None => false,
        Manager::Auto => {
            tpm.location().is_ok_and(|at| at.is_kernel_resource_manager() || at.kind == Kind::Tabrmd)
        }
    }
}

/// How many commands the chip executes for a signature by a key file without a password, through a resource manager: it loads, saves and
/// flushes the key around TPM2_Sign (docs/performance.md; a story counts them).
pub(crate) const COMMANDS: u8 = 4;
