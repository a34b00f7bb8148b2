//! What a decoder of DER said last on this thread. libcrypto's store drops it (`try_key` in its store_result.c), so the decoder
//! of PEM or of bare DER, which is further out and heard, says it again.

use std::cell::RefCell;

use crate::error::{Error, Reason};

thread_local! {
    static LAST: RefCell<Option<(Reason, String)>> = const { RefCell::new(None) };
}

/// Keeps what was said.
pub(super) fn keep(error: &Error) {
    let kept = Some((error.reason(), error.to_string()));
    LAST.with(|last| last.replace(kept));
}

/// Takes what was said since the last time.
pub(super) fn take() -> Option<Error> {
    LAST.with(RefCell::take).map(|(reason, text)| Error::new(reason, text))
}
