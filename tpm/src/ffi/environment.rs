//! secure_getenv(3): a program with more rights than its caller does not listen to the caller's environment.

use std::env;
use std::ffi::OsString;

/// The variable, unless this is a setuid, setgid or otherwise privileged program.
pub(crate) fn environment(name: &str) -> Option<OsString> {
    // SAFETY: getauxval(3) reads a value that the kernel gave the process at its start.
    let secure = unsafe { libc::getauxval(libc::AT_SECURE) };
    match secure {
        0 => env::var_os(name),
        _ => None,
    }
}
