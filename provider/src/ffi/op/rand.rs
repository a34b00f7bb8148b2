//! The operation RAND (provider-rand(7)): a random generator, which can also be the seed source of another
//! provider's generators.
//!
//! Threads share a generator, and each call is independent, so the lock that libcrypto requests does nothing.

use std::ffi::{c_int, c_uint, c_void};
use std::ptr;
use std::sync::Arc;

use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, Reason, Result};
use crate::ffi::dispatch::{self as slot, END};
use crate::ffi::guard::{contain, free, shared};
use crate::ffi::handle::Operation;
use crate::ffi::params::{Descriptors, ParamsMut};
use crate::ffi::raw::RawOutput;
use crate::ffi::sys::{OSSL_DISPATCH, OSSL_PARAM};
use crate::provider::Provider;

/// A random generator.
pub(crate) trait Generator: Sized + Sync + 'static {
    /// Creates a generator that is not instantiated.
    fn new() -> Self;
    fn instantiate(&self, strength: u32) -> Result<()>;
    fn uninstantiate(&self);
    /// Returns `length` random bytes.
    fn generate(&self, provider: &Provider, length: usize, strength: u32) -> Result<Zeroizing<Vec<u8>>>;
    /// Returns enough bytes for this entropy in bits, within the bounds.
    fn seed(&self, provider: &Provider, entropy: usize, bounds: (usize, usize))
    -> Result<Zeroizing<Vec<u8>>>;
    fn ctx_params(&self, params: ParamsMut<'_>) -> Result<()>;
    fn gettable_ctx_params() -> &'static Descriptors;
}

/// The function table of a random generator.
pub(crate) struct Table<T>(T);

impl<T: Generator> Table<T> {
    pub(crate) const ROWS: &'static [OSSL_DISPATCH] = &[
        slot::rand_newctx(newctx::<T>),
        slot::rand_freectx(freectx::<T>),
        slot::rand_instantiate(instantiate::<T>),
        slot::rand_uninstantiate(uninstantiate::<T>),
        slot::rand_generate(generate::<T>),
        slot::rand_enable_locking(lock),
        slot::rand_lock(lock),
        slot::rand_unlock(unlock),
        slot::rand_gettable_ctx_params(gettable_ctx_params::<T>),
        slot::rand_get_ctx_params(get_ctx_params::<T>),
        slot::rand_get_seed(get_seed::<T>),
        slot::rand_clear_seed(clear_seed),
        END,
    ];
}

/// A parent is not used: the TPM needs no seed.
unsafe extern "C" fn newctx<T: Generator>(
    provider: *mut c_void,
    _: *mut c_void,
    _: *const OSSL_DISPATCH,
) -> *mut c_void {
    // SAFETY: libcrypto
    unsafe {
        shared(c"rand_newctx", provider, (), |provider: &Arc<Provider>, ()| {
            Ok(Operation { provider: Arc::clone(provider), state: T::new() })
        })
    }
}

unsafe extern "C" fn freectx<T: Generator>(ctx: *mut c_void) {
    // SAFETY: libcrypto
    unsafe { free::<Operation<T>>(c"rand_freectx", ctx) }
}

unsafe extern "C" fn instantiate<T: Generator>(
    ctx: *mut c_void,
    strength: c_uint,
    _: c_int,
    _: *const u8,
    _: usize,
    _: *const OSSL_PARAM,
) -> c_int {
    // SAFETY: libcrypto
    unsafe { shared(c"rand_instantiate", ctx, (), |ctx: &Operation<T>, ()| ctx.state.instantiate(strength)) }
}

unsafe extern "C" fn uninstantiate<T: Generator>(ctx: *mut c_void) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        shared(c"rand_uninstantiate", ctx, (), |ctx: &Operation<T>, ()| {
            ctx.state.uninstantiate();
            Ok(())
        })
    }
}

/// The TPM always does what prediction resistance and additional input ask for.
unsafe extern "C" fn generate<T: Generator>(
    ctx: *mut c_void,
    out: *mut u8,
    length: usize,
    strength: c_uint,
    _: c_int,
    _: *const u8,
    _: usize,
) -> c_int {
    let mut written = 0;
    let output = RawOutput(out, &mut written, length);
    // SAFETY: libcrypto
    unsafe {
        shared(c"rand_generate", ctx, output, |ctx: &Operation<T>, output| {
            let room = output
                .room(length)?
                .ok_or_else(|| Error::new(Reason::InvalidArgument, "the buffer is NULL"))?;
            room.write(&ctx.state.generate(&ctx.provider, length, strength)?)
        })
    }
}

unsafe extern "C" fn lock(_: *mut c_void) -> c_int {
    contain(|| true)
}

unsafe extern "C" fn unlock(_: *mut c_void) {
    contain(|| ());
}

unsafe extern "C" fn gettable_ctx_params<T: Generator>(_: *mut c_void, _: *mut c_void) -> *const OSSL_PARAM {
    contain(T::gettable_ctx_params)
}

unsafe extern "C" fn get_ctx_params<T: Generator>(ctx: *mut c_void, params: *mut OSSL_PARAM) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        shared(c"rand_get_ctx_params", ctx, params, |ctx: &Operation<T>, params| ctx.state.ctx_params(params))
    }
}

/// The caller returns the buffer to `clear_seed`.
unsafe extern "C" fn get_seed<T: Generator>(
    ctx: *mut c_void,
    buffer: *mut *mut u8,
    entropy: c_int,
    least: usize,
    most: usize,
    _: c_int,
    _: *const u8,
    _: usize,
) -> usize {
    // SAFETY: libcrypto
    unsafe {
        shared(c"rand_get_seed", ctx, buffer, |ctx: &Operation<T>, buffer: Option<&mut *mut u8>| {
            let buffer = buffer
                .ok_or_else(|| Error::new(Reason::InvalidArgument, "the pointer to the seed is NULL"))?;
            let entropy = usize::try_from(entropy).unwrap_or_default();
            let mut seed = ctx.state.seed(&ctx.provider, entropy, (least, most))?;
            let seed = std::mem::take(&mut *seed).into_boxed_slice();
            let length = seed.len();
            *buffer = Box::into_raw(seed).cast();
            Ok(length)
        })
    }
}

unsafe extern "C" fn clear_seed(_: *mut c_void, buffer: *mut u8, length: usize) {
    if buffer.is_null() {
        return;
    }
    // SAFETY: from `get_seed`, with the length that it returned; libcrypto does not use it afterwards.
    let mut seed = unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(buffer, length)) };
    contain(|| seed.zeroize());
}
