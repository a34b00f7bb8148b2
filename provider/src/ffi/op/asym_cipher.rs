//! The operation ASYM_CIPHER (provider-asym_cipher(7)).

use std::ffi::{c_int, c_void};
use std::sync::Arc;

use crate::error::Result;
use crate::ffi::buffer::Output;
use crate::ffi::dispatch::{self as slot, END};
use crate::ffi::guard::{Exclusive, contain, exclusive, free, shared};
use crate::ffi::handle::Operation;
use crate::ffi::params::{Descriptors, Params, ParamsMut};
use crate::ffi::raw::{RawInput, RawKey, RawOutput};
use crate::ffi::sys::{OSSL_DISPATCH, OSSL_PARAM};
use crate::key::Key;
use crate::provider::Provider;

/// An encryption algorithm; a value is the state of one context. If the key is `None`, the key of the last
/// init is kept.
pub(crate) trait AsymCipher: Sized + 'static {
    /// A fresh context.
    fn new() -> Self;
    /// A copy in the current state.
    fn dup(&self) -> Result<Self>;
    fn encrypt_init(&mut self, key: Option<&Arc<Key>>, params: Params<'_>) -> Result<()>;
    fn encrypt(&mut self, output: Output<'_>, input: &[u8]) -> Result<()>;
    fn decrypt_init(&mut self, key: Option<&Arc<Key>>, params: Params<'_>) -> Result<()>;
    fn decrypt(&mut self, output: Output<'_>, input: &[u8]) -> Result<()>;
    fn ctx_params(&mut self, params: ParamsMut<'_>) -> Result<()>;
    fn gettable_ctx_params() -> &'static Descriptors;
    fn set_ctx_params(&mut self, params: Params<'_>) -> Result<()>;
    fn settable_ctx_params() -> &'static Descriptors;
}

/// The function table of an encryption algorithm.
pub(crate) struct Table<T>(T);

impl<T: AsymCipher> Table<T> {
    pub(crate) const ROWS: &'static [OSSL_DISPATCH] = &[
        slot::asym_cipher_newctx(newctx::<T>),
        slot::asym_cipher_freectx(freectx::<T>),
        slot::asym_cipher_dupctx(dupctx::<T>),
        slot::asym_cipher_encrypt_init(encrypt_init::<T>),
        slot::asym_cipher_encrypt(encrypt::<T>),
        slot::asym_cipher_decrypt_init(decrypt_init::<T>),
        slot::asym_cipher_decrypt(decrypt::<T>),
        slot::asym_cipher_get_ctx_params(get_ctx_params::<T>),
        slot::asym_cipher_gettable_ctx_params(gettable_ctx_params::<T>),
        slot::asym_cipher_set_ctx_params(set_ctx_params::<T>),
        slot::asym_cipher_settable_ctx_params(settable_ctx_params::<T>),
        END,
    ];
}

unsafe extern "C" fn newctx<T: AsymCipher>(provider: *mut c_void) -> *mut c_void {
    // SAFETY: libcrypto
    unsafe {
        shared(c"asym_cipher_newctx", provider, (), |provider: &Arc<Provider>, ()| {
            Ok(Operation { provider: Arc::clone(provider), state: T::new() })
        })
    }
}

unsafe extern "C" fn freectx<T: AsymCipher>(ctx: *mut c_void) {
    // SAFETY: libcrypto
    unsafe { free::<Operation<T>>(c"asym_cipher_freectx", ctx) }
}

unsafe extern "C" fn dupctx<T: AsymCipher>(ctx: *mut c_void) -> *mut c_void {
    // SAFETY: libcrypto
    unsafe {
        shared(c"asym_cipher_dupctx", ctx, (), |ctx: &Operation<T>, ()| {
            Ok(Operation { provider: Arc::clone(&ctx.provider), state: ctx.state.dup()? })
        })
    }
}

unsafe extern "C" fn encrypt_init<T: AsymCipher>(
    ctx: *mut c_void,
    key: *mut c_void,
    params: *const OSSL_PARAM,
) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(
            c"asym_cipher_encrypt_init",
            ctx,
            (RawKey(key), params),
            |ctx: Exclusive<'_, T>, (key, params)| ctx.state.encrypt_init(key, params),
        )
    }
}

unsafe extern "C" fn decrypt_init<T: AsymCipher>(
    ctx: *mut c_void,
    key: *mut c_void,
    params: *const OSSL_PARAM,
) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(
            c"asym_cipher_decrypt_init",
            ctx,
            (RawKey(key), params),
            |ctx: Exclusive<'_, T>, (key, params)| ctx.state.decrypt_init(key, params),
        )
    }
}

unsafe extern "C" fn encrypt<T: AsymCipher>(
    ctx: *mut c_void,
    out: *mut u8,
    length: *mut usize,
    size: usize,
    input: *const u8,
    input_length: usize,
) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(
            c"asym_cipher_encrypt",
            ctx,
            (RawOutput(out, length, size), RawInput(input, input_length)),
            |ctx: Exclusive<'_, T>, (out, input)| ctx.state.encrypt(out, input),
        )
    }
}

unsafe extern "C" fn decrypt<T: AsymCipher>(
    ctx: *mut c_void,
    out: *mut u8,
    length: *mut usize,
    size: usize,
    input: *const u8,
    input_length: usize,
) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(
            c"asym_cipher_decrypt",
            ctx,
            (RawOutput(out, length, size), RawInput(input, input_length)),
            |ctx: Exclusive<'_, T>, (out, input)| ctx.state.decrypt(out, input),
        )
    }
}

unsafe extern "C" fn get_ctx_params<T: AsymCipher>(ctx: *mut c_void, params: *mut OSSL_PARAM) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(c"asym_cipher_get_ctx_params", ctx, params, |ctx: Exclusive<'_, T>, params| {
            ctx.state.ctx_params(params)
        })
    }
}

unsafe extern "C" fn set_ctx_params<T: AsymCipher>(ctx: *mut c_void, params: *const OSSL_PARAM) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(c"asym_cipher_set_ctx_params", ctx, params, |ctx: Exclusive<'_, T>, params| {
            ctx.state.set_ctx_params(params)
        })
    }
}

unsafe extern "C" fn gettable_ctx_params<T: AsymCipher>(_: *mut c_void, _: *mut c_void) -> *const OSSL_PARAM {
    contain(T::gettable_ctx_params)
}

unsafe extern "C" fn settable_ctx_params<T: AsymCipher>(_: *mut c_void, _: *mut c_void) -> *const OSSL_PARAM {
    contain(T::settable_ctx_params)
}
