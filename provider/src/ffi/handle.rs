//! Objects that libcrypto holds: a `Box` as a `void *`. This file gives it away, lends it and takes it back.

use std::ffi::c_void;
use std::sync::Arc;

use crate::key::Key;
use crate::provider::Provider;

/// An object that libcrypto holds: the provider instance, a key, or an operation context.
pub(crate) trait Handle: Sized + 'static {
    /// The provider instance, whose core receives the errors.
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

/// An operation context with the instance that created it. One thread uses it at a time (provider(7)).
/// Copying is an exception: libcrypto copies through a pointer to const, so threads may share a context as a
/// template (EVP_MD_CTX_copy_ex(3ossl)).
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

/// Borrows an object that libcrypto holds. Returns `None` for NULL.
///
/// # Safety
/// `pointer` came from `give::<H>` and is not taken back during `'a`.
pub(crate) unsafe fn lend<'a, H: Handle>(pointer: *const c_void) -> Option<&'a H> {
    // SAFETY: promised by the caller.
    unsafe { pointer.cast::<H>().as_ref() }
}

/// Borrows an object that libcrypto holds and no other call uses. Returns `None` for NULL.
///
/// # Safety
/// As `lend`. No other borrow of the object exists during `'a`.
pub(crate) unsafe fn lend_mut<'a, H: Handle>(pointer: *mut c_void) -> Option<&'a mut H> {
    // SAFETY: promised by the caller.
    unsafe { pointer.cast::<H>().as_mut() }
}

/// Takes ownership back. Returns `None` for NULL.
///
/// # Safety
/// As `lend_mut`. libcrypto does not use the pointer afterwards.
pub(crate) unsafe fn take<H: Handle>(pointer: *mut c_void) -> Option<Box<H>> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: promised by the caller.
    Some(unsafe { Box::from_raw(pointer.cast::<H>()) })
}
