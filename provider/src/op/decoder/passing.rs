//! Passes the DER of a key file to the inner decoders, and reports their errors again because libcrypto's
//! store drops them.

use std::sync::Arc;

use keyfile::Public;

use super::der::type_of;
use super::{STRUCTURE, last_error};
use crate::error::Result;
use crate::ffi::callback::Callback;
use crate::ffi::params::ParamList;
use crate::provider::Provider;

/// OSSL_OBJECT_PKEY (core_object.h).
pub(super) const OBJECT_KEY: i32 = 2;

/// Passes the DER on. Returns true if a receiver accepted the key.
///
/// # Errors
/// The error of the inner decoder, unless libcrypto reports it itself.
pub(super) fn pass_on(
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
    drop(last_error::take());
    let taken = found.call(list.as_params());
    match last_error::take().filter(|_| !taken) {
        // libcrypto reports it, except inside its store. Then an outer decoder reports it again.
        Some(error) if provider.core().libcrypto().is_last_error_of(c"decoder_decode") => {
            last_error::keep(&error);
            Ok(false)
        }
        Some(error) => Err(error),
        None => Ok(taken),
    }
}
