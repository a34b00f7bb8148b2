//! What libcrypto holds of ours is a `Box` behind a `void *`: given away here, lent here, taken back here.

use std::ffi::c_void;
use std::sync::Arc;

use crate::key::Key;
use crate::provider::Provider;

/// Something that libcrypto holds. Three kinds exist: the provider instance, keys, and contexts of operations.
pub(crate) trait Handle: Sized + 'static {
    /// The instance it belongs to, whose core takes the errors.
    fn provider(&self) -> &Arc<Provider>;
}

impl Handle for Arc<Provider> {
    fn provider(&self) -> &Arc<Provider> {
        self
    }
}

impl Handle for Arc<Key> {
    fn provider(&self) -> &Arc<Provider> {
        Key::provider(self)
    }
}

/// The context of an operation with the instance that made it. Used by one thread at a time (provider(7)), but for its copying:
/// libcrypto copies through a pointer to const, so that threads may share a context as a template (EVP_MD_CTX_copy_ex(3ossl)).
pub(crate) struct Operation<T> {
    pub(crate) provider: Arc<Provider>,
    pub(crate) state: T,
}

impl<T: 'static> Handle for Operation<T> {
    fn provider(&self) -> &Arc<Provider> {
        &self.provider
    }
}

/// Gives ownership to libcrypto, which returns it through the `free` function of the same table.
pub(crate) fn give<H: Handle>(handle: H) -> *mut c_void {
    Box::into_raw(Box::new(handle)).cast()
}

/// Borrows what libcrypto holds; `None` for NULL.
///
/// # Safety
/// `pointer` came from `give::<H>`, was not taken back, and stays so for `'a`.
pub(crate) unsafe fn lend<'a, H: Handle>(pointer: *const c_void) -> Option<&'a H> {
    // SAFETY: promised by the caller.
    unsafe { pointer.cast::<H>().as_ref() }
}

/// Borrows what libcrypto holds and no other call uses; `None` for NULL.
///
/// # Safety
/// As `lend`, and no other borrow of it exists for `'a`.
pub(crate) unsafe fn lend_mut<'a, H: Handle>(pointer: *mut c_void) -> Option<&'a mut H> {
    // SAFETY: promised by the caller.
    unsafe { pointer.cast::<H>().as_mut() }
}

/// Takes ownership back; `None` for NULL.
///
/// # Safety
/// As `lend_mut`, and libcrypto uses the pointer no more.
pub(crate) unsafe fn take<H: Handle>(pointer: *mut c_void) -> Option<Box<H>> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: promised by the caller.
    Some(unsafe { Box::from_raw(pointer.cast::<H>()) })
}
