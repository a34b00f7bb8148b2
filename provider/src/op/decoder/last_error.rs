//! The last error of a DER decoder on this thread. libcrypto's store drops it (`try_key` in its
//! store_result.c). The outer decoder, of PEM or of bare DER, reports it again, and its errors are not
//! dropped.

use std::cell::RefCell;

use crate::error::{Error, Reason};

thread_local! {
    static LAST: RefCell<Option<(Reason, String)>> = const { RefCell::new(None) };
}

/// Stores an error.
pub(super) fn keep(error: &Error) {
    let kept = Some((error.reason(), error.to_string()));
    LAST.with(|last| last.replace(kept));
}

/// Takes the error that was stored last.
pub(super) fn take() -> Option<Error> {
    LAST.with(RefCell::take).map(|(reason, text)| Error::new(reason, text))
}
