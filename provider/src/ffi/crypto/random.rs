//! Random bytes from the generator of the private context.

use std::sync::Arc;

use super::queue::succeed;
use super::{PrivateContext, Refused};

/// Fills the buffer with random bytes (RAND_bytes_ex(3ossl)).
///
/// # Errors
/// The generator has no entropy.
pub(crate) fn random(context: &Arc<PrivateContext>, buffer: &mut [u8]) -> Result<(), Refused> {
    // SAFETY: the context is alive, the buffer has this length; strength 0 asks for the generator's default.
    let result = unsafe {
        (context.libcrypto().RAND_bytes_ex)(context.as_ptr(), buffer.as_mut_ptr(), buffer.len(), 0)
    };
    succeed(result, "draw random bytes")
}
