//! The operation SIGNATURE (provider-signature(7)).

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::Arc;

use crate::error::Result;
use crate::ffi::buffer::Output;
use crate::ffi::crypto::Verdict;
use crate::ffi::dispatch::{self as slot, END};
use crate::ffi::guard::{Exclusive, contain, exclusive, free, shared};
use crate::ffi::handle::{self, Operation};
use crate::ffi::params::{Descriptors, Params, ParamsMut};
use crate::ffi::raw::{RawInput, RawKey, RawOutput};
use crate::ffi::sys::{OSSL_DISPATCH, OSSL_PARAM};
use crate::key::Key;
use crate::provider::Provider;

/// A signature algorithm; a value is the state of one context. If the key is `None`, the key of the last init
/// is kept.
pub(crate) trait Signature: Sized + 'static {
    /// A copy in the current state.
    fn dup(&self) -> Result<Self>;

    fn sign_init(&mut self, key: Option<&Arc<Key>>, params: Params<'_>) -> Result<()>;
    /// Signs a digest, or any bytes if the padding permits it.
    fn sign(&mut self, output: Output<'_>, digest: &[u8]) -> Result<()>;
    fn verify_init(&mut self, key: Option<&Arc<Key>>, params: Params<'_>) -> Result<()>;
    fn verify(&mut self, signature: &[u8], digest: &[u8]) -> Result<Verdict>;

    fn digest_sign_init(
        &mut self,
        digest: Option<&CStr>,
        key: Option<&Arc<Key>>,
        params: Params<'_>,
    ) -> Result<()>;
    fn digest_sign_update(&mut self, data: &[u8]) -> Result<()>;
    fn digest_sign_final(&mut self, output: Output<'_>) -> Result<()>;
    fn digest_verify_init(
        &mut self,
        digest: Option<&CStr>,
        key: Option<&Arc<Key>>,
        params: Params<'_>,
    ) -> Result<()>;
    fn digest_verify_update(&mut self, data: &[u8]) -> Result<()>;
    fn digest_verify_final(&mut self, signature: &[u8]) -> Result<Verdict>;

    fn ctx_params(&mut self, params: ParamsMut<'_>) -> Result<()>;
    fn gettable_ctx_params() -> &'static Descriptors;
    fn set_ctx_params(&mut self, params: Params<'_>) -> Result<()>;
    /// The parameters that can be set in this context, or in any context.
    fn settable_ctx_params(context: Option<&Self>) -> &'static Descriptors;
}

/// An algorithm whose caller chooses the digest.
pub(crate) trait Unnamed: Signature {
    /// A fresh context.
    fn new() -> Self;
}

/// An algorithm whose signatures contain the signed data.
pub(crate) trait Recovery: Signature {
    fn verify_recover_init(&mut self, key: Option<&Arc<Key>>, params: Params<'_>) -> Result<()>;
    fn verify_recover(&mut self, output: Output<'_>, signature: &[u8]) -> Result<()>;
}

/// The function tables of a signature algorithm. The one-shot slots (digest_sign) are missing on purpose:
/// with them, EVP_DigestSign(3ossl) ignores the data of earlier updates. OpenSSL's own algorithms do not
/// ignore it.
pub(crate) struct Table<T>(T);

macro_rules! rows {
    ($($more:expr),*) => {
        &[
            slot::signature_newctx(newctx::<T>),
            slot::signature_freectx(freectx::<T>),
            slot::signature_dupctx(dupctx::<T>),
            slot::signature_sign_init(sign_init::<T>),
            slot::signature_sign(sign::<T>),
            slot::signature_verify_init(verify_init::<T>),
            slot::signature_verify(verify::<T>),
            slot::signature_digest_sign_init(digest_sign_init::<T>),
            slot::signature_digest_sign_update(digest_sign_update::<T>),
            slot::signature_digest_sign_final(digest_sign_final::<T>),
            slot::signature_digest_verify_init(digest_verify_init::<T>),
            slot::signature_digest_verify_update(digest_verify_update::<T>),
            slot::signature_digest_verify_final(digest_verify_final::<T>),
            slot::signature_get_ctx_params(get_ctx_params::<T>),
            slot::signature_gettable_ctx_params(gettable_ctx_params::<T>),
            slot::signature_set_ctx_params(set_ctx_params::<T>),
            slot::signature_settable_ctx_params(settable_ctx_params::<T>),
            $($more,)*
            END,
        ]
    };
}

impl<T: Unnamed> Table<T> {
    pub(crate) const ROWS: &'static [OSSL_DISPATCH] = rows!();
}

impl<T: Unnamed + Recovery> Table<T> {
    pub(crate) const WITH_RECOVERY: &'static [OSSL_DISPATCH] = rows!(
        slot::signature_verify_recover_init(verify_recover_init::<T>),
        slot::signature_verify_recover(verify_recover::<T>)
    );
}

unsafe extern "C" fn newctx<T: Unnamed>(provider: *mut c_void, _: *const c_char) -> *mut c_void {
    // SAFETY: libcrypto
    unsafe {
        shared(c"signature_newctx", provider, (), |provider: &Arc<Provider>, ()| {
            Ok(Operation { provider: Arc::clone(provider), state: T::new() })
        })
    }
}

pub(super) unsafe extern "C" fn freectx<T: Signature>(ctx: *mut c_void) {
    // SAFETY: libcrypto
    unsafe { free::<Operation<T>>(c"signature_freectx", ctx) }
}

pub(super) unsafe extern "C" fn dupctx<T: Signature>(ctx: *mut c_void) -> *mut c_void {
    // SAFETY: libcrypto
    unsafe {
        shared(c"signature_dupctx", ctx, (), |ctx: &Operation<T>, ()| {
            Ok(Operation { provider: Arc::clone(&ctx.provider), state: ctx.state.dup()? })
        })
    }
}

pub(super) unsafe extern "C" fn sign_init<T: Signature>(
    ctx: *mut c_void,
    key: *mut c_void,
    params: *const OSSL_PARAM,
) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(
            c"signature_sign_init",
            ctx,
            (RawKey(key), params),
            |ctx: Exclusive<'_, T>, (key, params)| ctx.state.sign_init(key, params),
        )
    }
}

pub(super) unsafe extern "C" fn verify_init<T: Signature>(
    ctx: *mut c_void,
    key: *mut c_void,
    params: *const OSSL_PARAM,
) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(
            c"signature_verify_init",
            ctx,
            (RawKey(key), params),
            |ctx: Exclusive<'_, T>, (key, params)| ctx.state.verify_init(key, params),
        )
    }
}

pub(super) unsafe extern "C" fn verify_recover_init<T: Recovery>(
    ctx: *mut c_void,
    key: *mut c_void,
    params: *const OSSL_PARAM,
) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(
            c"signature_verify_recover_init",
            ctx,
            (RawKey(key), params),
            |ctx: Exclusive<'_, T>, (key, params)| ctx.state.verify_recover_init(key, params),
        )
    }
}

unsafe extern "C" fn digest_sign_init<T: Signature>(
    ctx: *mut c_void,
    digest: *const c_char,
    key: *mut c_void,
    params: *const OSSL_PARAM,
) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(
            c"signature_digest_sign_init",
            ctx,
            (digest, RawKey(key), params),
            |ctx: Exclusive<'_, T>, (digest, key, params)| ctx.state.digest_sign_init(digest, key, params),
        )
    }
}

unsafe extern "C" fn digest_verify_init<T: Signature>(
    ctx: *mut c_void,
    digest: *const c_char,
    key: *mut c_void,
    params: *const OSSL_PARAM,
) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(
            c"signature_digest_verify_init",
            ctx,
            (digest, RawKey(key), params),
            |ctx: Exclusive<'_, T>, (digest, key, params)| ctx.state.digest_verify_init(digest, key, params),
        )
    }
}

pub(super) unsafe extern "C" fn sign<T: Signature>(
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
            c"signature_sign",
            ctx,
            (RawOutput(out, length, size), RawInput(input, input_length)),
            |ctx: Exclusive<'_, T>, (out, input)| ctx.state.sign(out, input),
        )
    }
}

pub(super) unsafe extern "C" fn verify_recover<T: Recovery>(
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
            c"signature_verify_recover",
            ctx,
            (RawOutput(out, length, size), RawInput(input, input_length)),
            |ctx: Exclusive<'_, T>, (out, input)| ctx.state.verify_recover(out, input),
        )
    }
}

pub(super) unsafe extern "C" fn verify<T: Signature>(
    ctx: *mut c_void,
    signature: *const u8,
    signature_length: usize,
    input: *const u8,
    input_length: usize,
) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(
            c"signature_verify",
            ctx,
            (RawInput(signature, signature_length), RawInput(input, input_length)),
            |ctx: Exclusive<'_, T>, (signature, input)| ctx.state.verify(signature, input),
        )
    }
}

pub(super) unsafe extern "C" fn digest_sign_update<T: Signature>(
    ctx: *mut c_void,
    input: *const u8,
    length: usize,
) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(
            c"signature_digest_sign_update",
            ctx,
            RawInput(input, length),
            |ctx: Exclusive<'_, T>, input| ctx.state.digest_sign_update(input),
        )
    }
}

pub(super) unsafe extern "C" fn digest_verify_update<T: Signature>(
    ctx: *mut c_void,
    input: *const u8,
    length: usize,
) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(
            c"signature_digest_verify_update",
            ctx,
            RawInput(input, length),
            |ctx: Exclusive<'_, T>, input| ctx.state.digest_verify_update(input),
        )
    }
}

pub(super) unsafe extern "C" fn digest_sign_final<T: Signature>(
    ctx: *mut c_void,
    out: *mut u8,
    length: *mut usize,
    size: usize,
) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(
            c"signature_digest_sign_final",
            ctx,
            RawOutput(out, length, size),
            |ctx: Exclusive<'_, T>, out| ctx.state.digest_sign_final(out),
        )
    }
}

unsafe extern "C" fn digest_verify_final<T: Signature>(
    ctx: *mut c_void,
    signature: *const u8,
    length: usize,
) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(
            c"signature_digest_verify_final",
            ctx,
            RawInput(signature, length),
            |ctx: Exclusive<'_, T>, signature| ctx.state.digest_verify_final(signature),
        )
    }
}

pub(super) unsafe extern "C" fn get_ctx_params<T: Signature>(
    ctx: *mut c_void,
    params: *mut OSSL_PARAM,
) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(c"signature_get_ctx_params", ctx, params, |ctx: Exclusive<'_, T>, params| {
            ctx.state.ctx_params(params)
        })
    }
}

pub(super) unsafe extern "C" fn set_ctx_params<T: Signature>(
    ctx: *mut c_void,
    params: *const OSSL_PARAM,
) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(c"signature_set_ctx_params", ctx, params, |ctx: Exclusive<'_, T>, params| {
            ctx.state.set_ctx_params(params)
        })
    }
}

pub(super) unsafe extern "C" fn gettable_ctx_params<T: Signature>(
    _: *mut c_void,
    _: *mut c_void,
) -> *const OSSL_PARAM {
    contain(T::gettable_ctx_params)
}

pub(super) unsafe extern "C" fn settable_ctx_params<T: Signature>(
    ctx: *mut c_void,
    _: *mut c_void,
) -> *const OSSL_PARAM {
    // SAFETY: libcrypto. With NULL, the parameters of any context are asked for.
    let ctx = unsafe { handle::lend::<Operation<T>>(ctx) };
    contain(|| T::settable_ctx_params(ctx.map(|ctx| &ctx.state)))
}
