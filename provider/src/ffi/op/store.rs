//! The operation STORE (provider-storemgmt(7)): opens URIs and loads the objects that they name.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::Arc;

use crate::error::{Error, Reason, Result};
use crate::ffi::bio::Bio;
use crate::ffi::callback::{Callback, Passphrase};
use crate::ffi::dispatch::{self as slot, END};
use crate::ffi::guard::{Exclusive, contain, exclusive, free, shared};
use crate::ffi::handle::Operation;
use crate::ffi::params::{Descriptors, Params};
use crate::ffi::raw::{RawCallback, RawPassphrase};
use crate::ffi::sys::{OSSL_CALLBACK, OSSL_CORE_BIO, OSSL_DISPATCH, OSSL_PARAM, OSSL_PASSPHRASE_CALLBACK};
use crate::provider::Provider;

/// An open URI, or the contents of a BIO.
pub(crate) trait Store: Sized + 'static {
    /// Stores the URI, and reads the serialized object that it names. `load` reports other faults of the URI:
    /// libcrypto tries several loaders, and if none opens the URI it adds the errors of the other loaders.
    ///
    /// # Errors
    /// The serialized object cannot be read.
    fn open(provider: &Provider, uri: &CStr) -> Result<Self>;
    /// Reads the contents of a BIO. `load` reports their faults as well.
    fn attach(provider: &Provider, input: Bio<'_>) -> Self;
    /// Stores which objects the caller wants.
    ///
    /// # Errors
    /// A parameter has the wrong type.
    fn set_params(&mut self, params: Params<'_>) -> Result<()>;
    fn settable_params() -> &'static Descriptors;
    /// Passes the next wanted object to `found`, if there is one. Returns false if the receiver did not
    /// accept it.
    ///
    /// # Errors
    /// The URI or the next object cannot be loaded. Other objects may follow, so `is_at_end` returns false
    /// until the next load.
    fn load(
        &mut self,
        provider: &Arc<Provider>,
        found: &Callback<'_>,
        passphrase: &Passphrase<'_>,
    ) -> Result<bool>;
    /// Returns true if there is nothing more to load.
    fn is_at_end(&self) -> bool;
}

/// The function table of a store.
pub(crate) struct Table<T>(T);

impl<T: Store> Table<T> {
    pub(crate) const ROWS: &'static [OSSL_DISPATCH] = &[
        slot::store_open(open::<T>),
        // OpenSSL 3.0 calls it without checking for NULL.
        slot::store_attach(attach::<T>),
        slot::store_settable_ctx_params(settable_ctx_params::<T>),
        slot::store_set_ctx_params(set_ctx_params::<T>),
        slot::store_load(load::<T>),
        slot::store_eof(eof::<T>),
        slot::store_close(close::<T>),
        END,
    ];
}

unsafe extern "C" fn open<T: Store>(provider: *mut c_void, uri: *const c_char) -> *mut c_void {
    // SAFETY: libcrypto
    unsafe {
        shared(c"store_open", provider, uri, |provider: &Arc<Provider>, uri: Option<&CStr>| {
            let uri = uri.ok_or_else(|| Error::new(Reason::InvalidArgument, "the URI is NULL"))?;
            Ok(Operation { provider: Arc::clone(provider), state: T::open(provider, uri)? })
        })
    }
}

unsafe extern "C" fn attach<T: Store>(provider: *mut c_void, input: *mut OSSL_CORE_BIO) -> *mut c_void {
    // SAFETY: libcrypto
    unsafe {
        shared(c"store_attach", provider, input, |provider: &Arc<Provider>, input| {
            Ok(Operation { provider: Arc::clone(provider), state: T::attach(provider, input) })
        })
    }
}

unsafe extern "C" fn settable_ctx_params<T: Store>(_: *mut c_void) -> *const OSSL_PARAM {
    contain(T::settable_params)
}

unsafe extern "C" fn set_ctx_params<T: Store>(ctx: *mut c_void, params: *const OSSL_PARAM) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(c"store_set_ctx_params", ctx, params, |ctx: Exclusive<'_, T>, params| {
            ctx.state.set_params(params)
        })
    }
}

unsafe extern "C" fn load<T: Store>(
    ctx: *mut c_void,
    found: OSSL_CALLBACK,
    found_argument: *mut c_void,
    passphrase: OSSL_PASSPHRASE_CALLBACK,
    passphrase_argument: *mut c_void,
) -> c_int {
    let arguments = (RawCallback(found, found_argument), RawPassphrase(passphrase, passphrase_argument));
    // SAFETY: libcrypto
    unsafe {
        exclusive(c"store_load", ctx, arguments, |ctx: Exclusive<'_, T>, (found, passphrase)| {
            let passphrase = passphrase.with_libcrypto(ctx.provider.core().libcrypto());
            ctx.state.load(ctx.provider, &found, &passphrase)
        })
    }
}

/// A NULL context is at its end, because a caller loops until the end.
unsafe extern "C" fn eof<T: Store>(ctx: *mut c_void) -> c_int {
    if ctx.is_null() {
        return 1;
    }
    // SAFETY: libcrypto
    unsafe { exclusive(c"store_eof", ctx, (), |ctx: Exclusive<'_, T>, ()| Ok(ctx.state.is_at_end())) }
}

unsafe extern "C" fn close<T: Store>(ctx: *mut c_void) -> c_int {
    // SAFETY: libcrypto
    unsafe { free::<Operation<T>>(c"store_close", ctx) };
    1
}
