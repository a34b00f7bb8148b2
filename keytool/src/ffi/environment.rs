//! One variable for the libraries beneath us.

use std::env;

/// What tpm2-tss prints on stderr, and how much (doc/logging.md of tpm2-tss).
const TSS2_LOG: &str = "TSS2_LOG";

/// Stops tpm2-tss from printing lines of its own beside our errors, unless the user asked for them. Must come before any thread.
pub(crate) fn quiet_tss() {
    if env::var_os(TSS2_LOG).is_none() {
        // SAFETY: std::env::set_var: no other thread runs yet that could read or write the environment.
        unsafe { env::set_var(TSS2_LOG, "all+NONE") };
    }
}
