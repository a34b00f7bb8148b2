//! The panic hook of this module prints nothing in the program that loaded it. A panic becomes CKR_GENERAL_ERROR.

use std::sync::Once;

/// Sets the hook, once. The module has its own copy of the standard library, so the program's hook stays.
pub(super) fn silence() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|_| {})));
}
