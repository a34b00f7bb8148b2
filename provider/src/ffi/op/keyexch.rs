//! The operation KEYEXCH (provider-keyexch(7)).

use std::ffi::{c_int, c_void};
use std::sync::Arc;

use crate::error::{Error, Reason, Result};
use crate::ffi::buffer::Output;
use crate::ffi::dispatch::{self as slot, END};
use crate::ffi::guard::{Exclusive, contain, exclusive, free, shared};
use crate::ffi::handle::Operation;
use crate::ffi::params::{Descriptors, Params, ParamsMut};
use crate::ffi::raw::{RawKey, RawOutput};
use crate::ffi::sys::{OSSL_DISPATCH, OSSL_PARAM};
use crate::key::Key;
use crate::provider::Provider;

/// A key agreement algorithm; a value is the state of one context. If the key is `None`, the key of the last
/// init is kept.
pub(crate) trait KeyExchange: Sized + 'static {
    /// A fresh context.
    fn new() -> Self;
    /// A copy in the current state.
    fn dup(&self) -> Result<Self>;
    fn init(&mut self, key: Option<&Arc<Key>>, params: Params<'_>) -> Result<()>;
    fn set_peer(&mut self, peer: &Arc<Key>) -> Result<()>;
    fn derive(&mut self, output: Output<'_>) -> Result<()>;
    fn ctx_params(&mut self, params: ParamsMut<'_>) -> Result<()>;
    fn gettable_ctx_params() -> &'static Descriptors;
    fn set_ctx_params(&mut self, params: Params<'_>) -> Result<()>;
    fn settable_ctx_params() -> &'static Descriptors;
}

/// The function table of a key agreement algorithm.
pub(crate) struct Table<T>(T);

impl<T: KeyExchange> Table<T> {
    pub(crate) const ROWS: &'static [OSSL_DISPATCH] = &[
        slot::keyexch_newctx(newctx::<T>),
        slot::keyexch_freectx(freectx::<T>),
        slot::keyexch_dupctx(dupctx::<T>),
        slot::keyexch_init(init::<T>),
        slot::keyexch_set_peer(set_peer::<T>),
        slot::keyexch_derive(derive::<T>),
        slot::keyexch_get_ctx_params(get_ctx_params::<T>),
        slot::keyexch_gettable_ctx_params(gettable_ctx_params::<T>),
        slot::keyexch_set_ctx_params(set_ctx_params::<T>),
        slot::keyexch_settable_ctx_params(settable_ctx_params::<T>),
        END,
    ];
}

unsafe extern "C" fn newctx<T: KeyExchange>(provider: *mut c_void) -> *mut c_void {
    // SAFETY: libcrypto
    unsafe {
        shared(c"keyexch_newctx", provider, (), |provider: &Arc<Provider>, ()| {
            Ok(Operation { provider: Arc::clone(provider), state: T::new() })
        })
    }
}

unsafe extern "C" fn freectx<T: KeyExchange>(ctx: *mut c_void) {
    // SAFETY: libcrypto
    unsafe { free::<Operation<T>>(c"keyexch_freectx", ctx) }
}

unsafe extern "C" fn dupctx<T: KeyExchange>(ctx: *mut c_void) -> *mut c_void {
    // SAFETY: libcrypto
    unsafe {
        shared(c"keyexch_dupctx", ctx, (), |ctx: &Operation<T>, ()| {
            Ok(Operation { provider: Arc::clone(&ctx.provider), state: ctx.state.dup()? })
        })
    }
}

unsafe extern "C" fn init<T: KeyExchange>(
    ctx: *mut c_void,
    key: *mut c_void,
    params: *const OSSL_PARAM,
) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(c"keyexch_init", ctx, (RawKey(key), params), |ctx: Exclusive<'_, T>, (key, params)| {
            ctx.state.init(key, params)
        })
    }
}

unsafe extern "C" fn set_peer<T: KeyExchange>(ctx: *mut c_void, peer: *mut c_void) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(c"keyexch_set_peer", ctx, RawKey(peer), |ctx: Exclusive<'_, T>, peer| {
            ctx.state.set_peer(peer.ok_or_else(no_peer)?)
        })
    }
}

unsafe extern "C" fn derive<T: KeyExchange>(
    ctx: *mut c_void,
    out: *mut u8,
    length: *mut usize,
    size: usize,
) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(c"keyexch_derive", ctx, RawOutput(out, length, size), |ctx: Exclusive<'_, T>, out| {
            ctx.state.derive(out)
        })
    }
}

unsafe extern "C" fn get_ctx_params<T: KeyExchange>(ctx: *mut c_void, params: *mut OSSL_PARAM) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(c"keyexch_get_ctx_params", ctx, params, |ctx: Exclusive<'_, T>, params| {
            ctx.state.ctx_params(params)
        })
    }
}

unsafe extern "C" fn set_ctx_params<T: KeyExchange>(ctx: *mut c_void, params: *const OSSL_PARAM) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(c"keyexch_set_ctx_params", ctx, params, |ctx: Exclusive<'_, T>, params| {
            ctx.state.set_ctx_params(params)
        })
    }
}

unsafe extern "C" fn gettable_ctx_params<T: KeyExchange>(
    _: *mut c_void,
    _: *mut c_void,
) -> *const OSSL_PARAM {
    contain(T::gettable_ctx_params)
}

unsafe extern "C" fn settable_ctx_params<T: KeyExchange>(
    _: *mut c_void,
    _: *mut c_void,
) -> *const OSSL_PARAM {
    contain(T::settable_ctx_params)
}

fn no_peer() -> Error {
    Error::new(Reason::NoKey, "the peer key is NULL")
}
