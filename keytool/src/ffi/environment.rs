//! The environment of this process, for the libraries that it uses.

use std::env;
use std::ffi::{OsStr, OsString};

/// The variable that controls what tpm2-tss prints on stderr (doc/logging.md of tpm2-tss).
const TSS2_LOG: &str = "TSS2_LOG";

/// Stops tpm2-tss from printing its own messages, unless the user has set the variable. Must be called before any thread is started.
pub(crate) fn quiet_tss() {
    if env::var_os(TSS2_LOG).is_none() {
        // SAFETY: std::env::set_var: no other thread runs yet that could read or write the environment.
        unsafe { env::set_var(TSS2_LOG, "all+NONE") };
    }
}

/// Removes all variables except PATH and the one that silences tpm2-tss, because a service does not inherit the administrator's variables.
///
/// Must be called before OpenSSL and the TPM are used.
pub(crate) fn clear() {
    let kept = |name: &OsStr| name == "PATH" || name == TSS2_LOG;
    let names: Vec<OsString> = env::vars_os().map(|(name, _)| name).filter(|name| !kept(name)).collect();
    for name in names {
        // SAFETY: std::env::remove_var: the one other thread waits for signals, and reads no variable.
        unsafe { env::remove_var(name) };
    }
}

/// Sets a variable. Must be called before OpenSSL and the TPM are used.
pub(crate) fn set(name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) {
    // SAFETY: std::env::set_var: the one other thread waits for signals, and reads no variable.
    unsafe { env::set_var(name, value) };
}
