//! atexit(3).

use std::sync::Once;
use std::sync::OnceLock;

static HANDLER: OnceLock<fn()> = OnceLock::new();

/// Runs `handler` when the process exits normally, or when the library is unloaded before; only the first one counts.
pub(crate) fn at_exit(handler: fn()) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        HANDLER.get_or_init(|| handler);
        // SAFETY: atexit(3) keeps a function pointer; glibc runs it before it unloads the object that registered it.
        unsafe { libc::atexit(run) };
    });
}

extern "C" fn run() {
    if let Some(handler) = HANDLER.get() {
        // Nothing may unwind into exit(3), and nobody could be told.
        let _ = std::panic::catch_unwind(handler);
    }
}
