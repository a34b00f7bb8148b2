//! Hands the DER of a key file on to the decoders of our files, and says again what they say: libcrypto's store drops that.

use std::sync::Arc;

use keyfile::Public;

use super::der::type_of;
use super::{STRUCTURE, dropped};
use crate::error::Result;
use crate::ffi::callback::Callback;
use crate::ffi::params::ParamList;
use crate::provider::Provider;

/// OSSL_OBJECT_PKEY (core_object.h).
pub(super) const OBJECT_KEY: i32 = 2;

/// `true`: somebody took it.
///
/// # Errors
/// What the decoder of this file said, unless libcrypto reports it by itself.
pub(super) fn hand_on(
    provider: &Arc<Provider>,
    public: &Public,
    der: &[u8],
    found: &Callback<'_>,
) -> Result<bool> {
    let mut list = ParamList::new();
    list.int(c"type", OBJECT_KEY)
        .text(c"data-type", type_of(public)?.name())
        .text(c"data-structure", STRUCTURE)
        .bytes(c"data", der);
    drop(dropped::take());
    let taken = found.call(list.as_params());
    match dropped::take().filter(|_| !taken) {
        // libcrypto reports it, unless its store is around, and then a decoder around that says it again.
        Some(error) if provider.core().libcrypto().is_last_error_of(c"decoder_decode") => {
            dropped::keep(&error);
            Ok(false)
        }
        Some(error) => Err(error),
        None => Ok(taken),
    }
}
