//! The module, loaded once beside the default provider, and a count of its panics.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{panic, ptr};

use super::sys::{OSSL_PROVIDER_add_builtin, OSSL_provider_init};

// Links the module, which no other line here names.
use tpm2 as _;

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Runs `work` with the module. The module stops a panic at its C interface; this function passes it on.
pub(crate) fn watched(work: impl FnOnce()) {
    static LOADED: OnceLock<()> = OnceLock::new();
    LOADED.get_or_init(load);
    let before = PANICS.load(Ordering::SeqCst);
    work();
    // SAFETY: it has no preconditions.
    unsafe { openssl_sys::ERR_clear_error() };
    assert_eq!(PANICS.load(Ordering::SeqCst), before, "the module panicked");
}

fn load() {
    // Without this machine's configuration, and without a TPM.
    for (name, value) in [(c"OPENSSL_CONF", c"/dev/null"), (c"TPM2_TCTI", c"device:/nonexistent")] {
        // SAFETY: nothing reads the environment before the module is loaded.
        let set = unsafe { libc::setenv(name.as_ptr(), value.as_ptr(), 1) };
        assert_eq!(set, 0);
    }
    // The module silences panics, but here they must be reported.
    let report = panic::take_hook();
    // SAFETY: the entry has the type of OSSL_provider_init_fn (core.h).
    let added = unsafe { OSSL_PROVIDER_add_builtin(ptr::null_mut(), c"tpm2".as_ptr(), OSSL_provider_init) };
    assert_eq!(added, 1);
    for name in [c"default", c"tpm2"] {
        // SAFETY: `name` is a C string.
        let provider = unsafe { openssl_sys::OSSL_PROVIDER_load(ptr::null_mut(), name.as_ptr()) };
        assert!(!provider.is_null(), "provider {name:?} does not load");
    }
    panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        report(panic);
    }));
}
