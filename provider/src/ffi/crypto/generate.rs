//! Generates software keys in the steps of keymgmt's gen functions: begin, set parameters, generate.

use std::cell::Cell;
use std::ffi::{CStr, c_int};
use std::ptr;
use std::sync::Arc;

use super::owned::Owned;
use super::pkey::{new_ctx, new_ctx_by_name};
use super::queue::succeed;
use super::{Pkey, PrivateContext, Refused, Selection};
use crate::ffi::callback::Progress;
use crate::ffi::guard::contain;
use crate::ffi::libcrypto::Generation;
use crate::ffi::params::Params;
use crate::ffi::sys::EVP_PKEY_CTX;

/// A key generation in progress.
pub(crate) struct Generator {
    ctx: Owned<EVP_PKEY_CTX>,
    generation: Generation,
    context: Arc<PrivateContext>,
}

impl Generator {
    /// Begins to generate a key of this algorithm, or only its parameters if nothing else is selected.
    ///
    /// # Errors
    /// The algorithm is unknown.
    pub(crate) fn new(
        context: &Arc<PrivateContext>,
        algorithm: &CStr,
        selection: Selection,
    ) -> Result<Self, Refused> {
        Self::begin(new_ctx_by_name(context, algorithm)?, context, selection)
    }

    /// Begins to generate a key with the parameters of another key (for example a peer's curve).
    ///
    /// # Errors
    /// The other key has no parameters.
    pub(crate) fn like(template: &Pkey, selection: Selection) -> Result<Self, Refused> {
        Self::begin(new_ctx(template)?, template.context(), selection)
    }

    fn begin(
        ctx: Owned<EVP_PKEY_CTX>,
        context: &Arc<PrivateContext>,
        selection: Selection,
    ) -> Result<Self, Refused> {
        let generation = context.libcrypto().generation?;
        let result = if selection.any(Selection::KEYS) {
            // SAFETY: the context is alive.
            unsafe { (generation.EVP_PKEY_keygen_init)(ctx.as_ptr()) }
        } else {
            // SAFETY: as above.
            unsafe { (generation.EVP_PKEY_paramgen_init)(ctx.as_ptr()) }
        };
        succeed(result, "begin a generation")?;
        Ok(Self { ctx, generation, context: Arc::clone(context) })
    }

    /// Sets parameters (`group`, `bits`, `primes`, `e`).
    ///
    /// # Errors
    /// A parameter is refused.
    pub(crate) fn set_params(&mut self, params: Params<'_>) -> Result<(), Refused> {
        let libcrypto = self.context.libcrypto();
        // SAFETY: the context is alive, the array valid by `Params`.
        let result = unsafe { (libcrypto.EVP_PKEY_CTX_set_params)(self.ctx.as_ptr(), params.as_ptr()) };
        succeed(result, "set a parameter of the generation")
    }

    /// Generates the key, and reports the progress.
    ///
    /// # Errors
    /// The parameters do not give a key, or the callback stops the generation.
    pub(crate) fn generate(&mut self, progress: &Progress<'_>) -> Result<Pkey, Refused> {
        let (ctx, generation) = (self.ctx.as_ptr(), self.generation);
        let listener = Listener { progress, generation };
        let before = LISTENER.replace(ptr::from_ref(&listener).cast());
        // SAFETY: the context is alive; the listener outlives the calls that it is set for.
        unsafe { (generation.EVP_PKEY_CTX_set_cb)(ctx, Some(relay)) };
        let mut key = ptr::null_mut();
        // SAFETY: the context is alive; a NULL key asks for a new one.
        let result = unsafe { (generation.EVP_PKEY_generate)(ctx, &raw mut key) };
        // SAFETY: as above.
        unsafe { (generation.EVP_PKEY_CTX_set_cb)(ctx, None) };
        LISTENER.set(before);
        succeed(result, "generate the key")?;
        Pkey::own(&self.context, key, "generate the key")
    }
}

/// The progress callback, and the functions of the libcrypto that reports to it.
struct Listener<'a> {
    progress: &'a Progress<'a>,
    generation: Generation,
}

thread_local! {
    /// The listener of the `generate` that runs on this thread. libcrypto passes the callback only a context,
    /// which does not show the libcrypto that it belongs to.
    static LISTENER: Cell<*const Listener<'static>> = const { Cell::new(ptr::null()) };
}

/// EVP_PKEY_gen_cb: passes the two numbers on.
unsafe extern "C" fn relay(ctx: *mut EVP_PKEY_CTX) -> c_int {
    // SAFETY: as it was called.
    contain(|| unsafe { report(ctx) })
}

/// # Safety
/// The context is the context of the running `generate`.
unsafe fn report(ctx: *mut EVP_PKEY_CTX) -> bool {
    // SAFETY: NULL, or the listener of the running `generate`, which is waiting.
    let Some(listener) = (unsafe { LISTENER.get().as_ref() }) else { return true };
    let info = listener.generation.EVP_PKEY_CTX_get_keygen_info;
    // SAFETY: the context is alive; there are two numbers (EVP_PKEY_keygen(3ossl)).
    let [potential, iteration] = [0, 1].map(|index| unsafe { info(ctx, index) });
    listener.progress.report(potential, iteration)
}
