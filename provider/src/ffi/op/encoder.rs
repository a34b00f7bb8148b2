//! The operation ENCODER (provider-encoder(7)). It lacks IMPORT_OBJECT: libcrypto uses it only for keys of
//! this provider.

use std::ffi::{c_int, c_void};
use std::sync::Arc;

use crate::error::{Error, Reason, Result};
use crate::ffi::bio::Bio;
use crate::ffi::callback::Passphrase;
use crate::ffi::crypto::Selection;
use crate::ffi::dispatch::{self as slot, END};
use crate::ffi::guard::{Exclusive, contain, exclusive, free, shared};
use crate::ffi::handle::Operation;
use crate::ffi::params::{Descriptors, Params};
use crate::ffi::raw::{RawKey, RawPassphrase, RawSelection};
use crate::ffi::sys::{OSSL_CORE_BIO, OSSL_DISPATCH, OSSL_PARAM, OSSL_PASSPHRASE_CALLBACK};
use crate::key::Key;
use crate::provider::Provider;

/// An encoder; a value is the state of one context.
pub(crate) trait Encoder: Sized + 'static {
    /// A fresh context.
    fn new(provider: &Arc<Provider>) -> Result<Self>;
    /// Returns true if it writes this part of a key.
    fn does_selection(selection: Selection) -> bool;
    fn set_ctx_params(&mut self, params: Params<'_>) -> Result<()>;
    fn settable_ctx_params() -> &'static Descriptors;
    /// Writes a key.
    fn encode(
        &mut self,
        output: Bio<'_>,
        key: &Arc<Key>,
        selection: Selection,
        passphrase: &Passphrase<'_>,
    ) -> Result<()>;
}

/// The function table of an encoder.
pub(crate) struct Table<T>(T);

impl<T: Encoder> Table<T> {
    pub(crate) const ROWS: &'static [OSSL_DISPATCH] = &[
        slot::encoder_newctx(newctx::<T>),
        slot::encoder_freectx(freectx::<T>),
        slot::encoder_set_ctx_params(set_ctx_params::<T>),
        slot::encoder_settable_ctx_params(settable_ctx_params::<T>),
        slot::encoder_does_selection(does_selection::<T>),
        slot::encoder_encode(encode::<T>),
        END,
    ];
}

unsafe extern "C" fn newctx<T: Encoder>(provider: *mut c_void) -> *mut c_void {
    // SAFETY: libcrypto
    unsafe {
        shared(c"encoder_newctx", provider, (), |provider: &Arc<Provider>, ()| {
            Ok(Operation { provider: Arc::clone(provider), state: T::new(provider)? })
        })
    }
}

unsafe extern "C" fn freectx<T: Encoder>(ctx: *mut c_void) {
    // SAFETY: libcrypto
    unsafe { free::<Operation<T>>(c"encoder_freectx", ctx) }
}

unsafe extern "C" fn set_ctx_params<T: Encoder>(ctx: *mut c_void, params: *const OSSL_PARAM) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(c"encoder_set_ctx_params", ctx, params, |ctx: Exclusive<'_, T>, params| {
            ctx.state.set_ctx_params(params)
        })
    }
}

unsafe extern "C" fn settable_ctx_params<T: Encoder>(_: *mut c_void) -> *const OSSL_PARAM {
    contain(T::settable_ctx_params)
}

unsafe extern "C" fn does_selection<T: Encoder>(provider: *mut c_void, selection: c_int) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        shared(
            c"encoder_does_selection",
            provider,
            RawSelection(selection),
            |_: &Arc<Provider>, selection| Ok(T::does_selection(selection)),
        )
    }
}

unsafe extern "C" fn encode<T: Encoder>(
    ctx: *mut c_void,
    output: *mut OSSL_CORE_BIO,
    key: *const c_void,
    _abstract_key: *const OSSL_PARAM,
    selection: c_int,
    passphrase: OSSL_PASSPHRASE_CALLBACK,
    passphrase_argument: *mut c_void,
) -> c_int {
    let arguments =
        (output, RawKey(key), RawSelection(selection), RawPassphrase(passphrase, passphrase_argument));
    // SAFETY: libcrypto
    unsafe {
        exclusive(
            c"encoder_encode",
            ctx,
            arguments,
            |ctx: Exclusive<'_, T>, (output, key, selection, passphrase)| {
                let key = key.ok_or_else(|| Error::new(Reason::NoKey, "there is no key to write"))?;
                let passphrase = passphrase.with_libcrypto(ctx.provider.core().libcrypto());
                ctx.state.encode(output, key, selection, &passphrase)
            },
        )
    }
}
