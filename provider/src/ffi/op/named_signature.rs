//! The operation SIGNATURE for algorithms that name their digest, such as RSA-SHA256 (provider-signature(7)
//! of OpenSSL 3.4 and later).
//!
//! A program fetches an algorithm and passes it to EVP_PKEY_sign_message_init(3ossl) or
//! EVP_PKEY_sign_init_ex2(3ossl).

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;

use super::signature::{
    Recovery, Signature, digest_sign_final, digest_sign_update, digest_verify_update, dupctx, freectx,
    get_ctx_params, gettable_ctx_params, set_ctx_params, settable_ctx_params, sign, sign_init, verify,
    verify_init, verify_recover, verify_recover_init,
};
use crate::error::Result;
use crate::ffi::crypto::Verdict;
use crate::ffi::dispatch::{self as slot, END};
use crate::ffi::guard::{Answer, Exclusive, contain, exclusive, shared};
use crate::ffi::handle::Operation;
use crate::ffi::raw::RawKey;
use crate::ffi::sys::{OSSL_DISPATCH, OSSL_PARAM};
use crate::provider::Provider;

/// A signature algorithm that names its digest. The caller passes no digest name.
pub(crate) trait NamedSignature: Signature {
    /// The types of keys that it signs with.
    const KEY_TYPES: &'static KeyTypes;

    /// A fresh context.
    fn with_digest(digest: &'static CStr) -> Self;
    /// Verifies the signature that was set as a parameter.
    fn verify_message_final(&mut self) -> Result<Verdict>;
}

/// The digest of a row.
pub(crate) trait DigestName: 'static {
    const NAME: &'static CStr;
}

/// A list of names for libcrypto.
pub(crate) struct KeyTypes([*const c_char; 2]);

// SAFETY: it points to a constant and is never written.
unsafe impl Sync for KeyTypes {}

/// The C signature lacks a const; libcrypto does not change the list.
impl Answer for &'static KeyTypes {
    type C = *mut *const c_char;
    const FAILED: *mut *const c_char = ptr::null_mut();
    fn into_c(self) -> *mut *const c_char {
        self.0.as_ptr().cast_mut()
    }
}

impl KeyTypes {
    /// Creates a list with one name.
    pub(crate) const fn only(name: &'static CStr) -> Self {
        Self([name.as_ptr(), ptr::null()])
    }
}

/// The function tables of algorithm `T` with digest `D`.
pub(crate) struct Table<T, D>(T, D);

macro_rules! rows {
    ($($more:expr),*) => {
        &[
            slot::signature_newctx(newctx::<T, D>),
            slot::signature_freectx(freectx::<T>),
            slot::signature_dupctx(dupctx::<T>),
            slot::signature_sign_init(sign_init::<T>),
            slot::signature_sign(sign::<T>),
            slot::signature_verify_init(verify_init::<T>),
            slot::signature_verify(verify::<T>),
            slot::signature_get_ctx_params(get_ctx_params::<T>),
            slot::signature_gettable_ctx_params(gettable_ctx_params::<T>),
            slot::signature_set_ctx_params(set_ctx_params::<T>),
            slot::signature_settable_ctx_params(settable_ctx_params::<T>),
            slot::signature_query_key_types(query_key_types::<T>),
            slot::signature_sign_message_init(sign_message_init::<T>),
            slot::signature_sign_message_update(digest_sign_update::<T>),
            slot::signature_sign_message_final(digest_sign_final::<T>),
            slot::signature_verify_message_init(verify_message_init::<T>),
            slot::signature_verify_message_update(digest_verify_update::<T>),
            slot::signature_verify_message_final(verify_message_final::<T>),
            $($more,)*
            END,
        ]
    };
}

impl<T: NamedSignature, D: DigestName> Table<T, D> {
    pub(crate) const ROWS: &'static [OSSL_DISPATCH] = rows!();
}

impl<T: NamedSignature + Recovery, D: DigestName> Table<T, D> {
    pub(crate) const WITH_RECOVERY: &'static [OSSL_DISPATCH] = rows!(
        slot::signature_verify_recover_init(verify_recover_init::<T>),
        slot::signature_verify_recover(verify_recover::<T>)
    );
}

unsafe extern "C" fn newctx<T: NamedSignature, D: DigestName>(
    provider: *mut c_void,
    _: *const c_char,
) -> *mut c_void {
    // SAFETY: libcrypto
    unsafe {
        shared(c"signature_newctx", provider, (), |provider: &Arc<Provider>, ()| {
            Ok(Operation { provider: Arc::clone(provider), state: T::with_digest(D::NAME) })
        })
    }
}

unsafe extern "C" fn sign_message_init<T: NamedSignature>(
    ctx: *mut c_void,
    key: *mut c_void,
    params: *const OSSL_PARAM,
) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(
            c"signature_sign_message_init",
            ctx,
            (RawKey(key), params),
            |ctx: Exclusive<'_, T>, (key, params)| ctx.state.digest_sign_init(None, key, params),
        )
    }
}

unsafe extern "C" fn verify_message_init<T: NamedSignature>(
    ctx: *mut c_void,
    key: *mut c_void,
    params: *const OSSL_PARAM,
) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(
            c"signature_verify_message_init",
            ctx,
            (RawKey(key), params),
            |ctx: Exclusive<'_, T>, (key, params)| ctx.state.digest_verify_init(None, key, params),
        )
    }
}

unsafe extern "C" fn verify_message_final<T: NamedSignature>(ctx: *mut c_void) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(c"signature_verify_message_final", ctx, (), |ctx: Exclusive<'_, T>, ()| {
            ctx.state.verify_message_final()
        })
    }
}

unsafe extern "C" fn query_key_types<T: NamedSignature>() -> *mut *const c_char {
    contain(|| T::KEY_TYPES)
}
