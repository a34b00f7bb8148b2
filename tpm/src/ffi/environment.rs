//! secure_getenv(3): a program with more privileges than its caller ignores the caller's environment.

use std::env;
use std::ffi::OsString;

/// Returns the variable, unless this is a setuid, setgid or otherwise privileged program.
pub(crate) fn environment(name: &str) -> Option<OsString> {
    // SAFETY: getauxval(3) reads a value that the kernel set at the start of the process.
    let secure = unsafe { libc::getauxval(libc::AT_SECURE) };
    match secure {
        0 => env::var_os(name),
        _ => None,
    }
}
