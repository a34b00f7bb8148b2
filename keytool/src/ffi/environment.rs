//! The environment of this process, for the libraries beneath us.

use std::env;
use std::ffi::{OsStr, OsString};

/// What tpm2-tss prints on stderr, and how much (doc/logging.md of tpm2-tss).
const TSS2_LOG: &str = "TSS2_LOG";

/// Stops tpm2-tss from printing lines of its own beside our errors, unless the user asked for them. Must come before any thread.
pub(crate) fn quiet_tss() {
    if env::var_os(TSS2_LOG).is_none() {
        // SAFETY: std::env::set_var: no other thread runs yet that could read or write the environment.
        unsafe { env::set_var(TSS2_LOG, "all+NONE") };
    }
}

/// Takes all variables away but PATH and what keeps tpm2-tss quiet: a service inherits none of its administrator's.
///
/// Must come before anything of OpenSSL or the TPM.
pub(crate) fn clear() {
    let kept = |name: &OsStr| name == "PATH" || name == TSS2_LOG;
    let names: Vec<OsString> = env::vars_os().map(|(name, _)| name).filter(|name| !kept(name)).collect();
    for name in names {
        // SAFETY: std::env::remove_var: the one other thread waits for signals, and reads no variable.
        unsafe { env::remove_var(name) };
    }
}

/// Sets a variable. Must come before anything of OpenSSL or the TPM.
pub(crate) fn set(name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) {
    // SAFETY: std::env::set_var: the one other thread waits for signals, and reads no variable.
    unsafe { env::set_var(name, value) };
}
