//! atexit(3).

use std::sync::Once;
use std::sync::OnceLock;

static HANDLER: OnceLock<fn()> = OnceLock::new();

/// Registers `handler` to run when the process exits normally or the library is unloaded. Only the first handler is used.
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
        // A panic must not unwind into exit(3), and there is no caller to report it to.
        let _ = std::panic::catch_unwind(handler);
    }
}
