//! Generation of software keys, as a keymgmt's gen functions want it: begin, set parameters, generate.

use std::ffi::{CStr, c_int};
use std::ptr;
use std::sync::Arc;

use foreign_types::ForeignType;
use openssl_sys::{
    EVP_PKEY_CTX, EVP_PKEY_CTX_set_params, EVP_PKEY_generate, EVP_PKEY_keygen_init, EVP_PKEY_paramgen_init,
};

use super::pkey::{EvpPkeyCtx, new_ctx, new_ctx_by_name};
use super::queue::succeed;
use super::{Pkey, PrivateContext, Refused, Selection, sys};
use crate::ffi::callback::Progress;
use crate::ffi::guard::contain;
use crate::ffi::params::Params;

/// A generation under way.
pub(crate) struct Generator {
    ctx: EvpPkeyCtx,
    context: Arc<PrivateContext>,
}

impl Generator {
    /// Begins the generation of a key of this algorithm, or of its parameters only when nothing else is selected.
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

    /// The same with the parameters of another key (a peer's curve).
    ///
    /// # Errors
    /// The other has none.
    pub(crate) fn like(template: &Pkey, selection: Selection) -> Result<Self, Refused> {
        Self::begin(new_ctx(template)?, template.context(), selection)
    }

    fn begin(ctx: EvpPkeyCtx, context: &Arc<PrivateContext>, selection: Selection) -> Result<Self, Refused> {
        let result = if selection.any(Selection::KEYS) {
            // SAFETY: the context is alive.
            unsafe { EVP_PKEY_keygen_init(ctx.as_ptr()) }
        } else {
            // SAFETY: as above.
            unsafe { EVP_PKEY_paramgen_init(ctx.as_ptr()) }
        };
        succeed(result, "begin a generation")?;
        Ok(Self { ctx, context: Arc::clone(context) })
    }

    /// Sets parameters (`group`, `bits`, `primes`, `e`).
    ///
    /// # Errors
    /// One is refused.
    pub(crate) fn set_params(&mut self, params: Params<'_>) -> Result<(), Refused> {
        // SAFETY: the context is alive, the array valid by `Params`.
        let result = unsafe { EVP_PKEY_CTX_set_params(self.ctx.as_ptr(), params.as_ptr()) };
        succeed(result, "set a parameter of the generation")
    }

    /// Generates, and tells how far it is.
    ///
    /// # Errors
    /// The parameters make no key, or the listener says to stop.
    pub(crate) fn generate(&mut self, progress: &Progress<'_>) -> Result<Pkey, Refused> {
        let ctx = self.ctx.as_ptr();
        // SAFETY: the context is alive; the listener outlives the calls that it is set for.
        unsafe { sys::EVP_PKEY_CTX_set_app_data(ctx, ptr::from_ref(progress).cast_mut().cast()) };
        // SAFETY: as above.
        unsafe { sys::EVP_PKEY_CTX_set_cb(ctx, Some(relay)) };
        let mut key = ptr::null_mut();
        // SAFETY: the context is alive; a NULL key asks for a new one.
        let result = unsafe { EVP_PKEY_generate(ctx, &raw mut key) };
        // SAFETY: as above.
        unsafe { sys::EVP_PKEY_CTX_set_cb(ctx, None) };
        succeed(result, "generate the key")?;
        Pkey::own(&self.context, key, "generate the key")
    }
}

/// EVP_PKEY_gen_cb: hands the two numbers on.
unsafe extern "C" fn relay(ctx: *mut EVP_PKEY_CTX) -> c_int {
    // SAFETY: as it was called.
    contain(|| unsafe { report(ctx) })
}

/// # Safety
/// The context is that of the running `generate`.
unsafe fn report(ctx: *mut EVP_PKEY_CTX) -> bool {
    // SAFETY: the context of the running call; its data is the listener of `generate`, which waits.
    let listener = unsafe { sys::EVP_PKEY_CTX_get_app_data(ctx) }.cast::<Progress<'_>>();
    // SAFETY: as above.
    let Some(progress) = (unsafe { listener.as_ref() }) else { return true };
    // SAFETY: as above; there are two numbers (EVP_PKEY_keygen(3ossl)).
    let [potential, iteration] = [0, 1].map(|index| unsafe { sys::EVP_PKEY_CTX_get_keygen_info(ctx, index) });
    progress.report(potential, iteration)
}
