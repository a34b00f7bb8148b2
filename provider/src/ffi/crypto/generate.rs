//! Generation of software keys, as a keymgmt's gen functions want it: begin, set parameters, generate.

use std::ffi::CStr;
use std::ptr;
use std::sync::Arc;

use foreign_types::ForeignType;
use openssl_sys::{EVP_PKEY_CTX_set_params, EVP_PKEY_generate, EVP_PKEY_keygen_init, EVP_PKEY_paramgen_init};

use super::pkey::{EvpPkeyCtx, new_ctx, new_ctx_by_name};
use super::queue::succeed;
use super::{Pkey, PrivateContext, Refused, Selection};
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
        let ctx = new_ctx_by_name(context, algorithm)?;
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

    /// Begins the generation of a key with the parameters of another (a peer's curve).
    ///
    /// # Errors
    /// The other has none.
    pub(crate) fn like(template: &Pkey) -> Result<Self, Refused> {
        let ctx = new_ctx(template)?;
        // SAFETY: the context is alive.
        succeed(unsafe { EVP_PKEY_keygen_init(ctx.as_ptr()) }, "begin a generation")?;
        Ok(Self { ctx, context: Arc::clone(template.context()) })
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

    /// Generates.
    ///
    /// # Errors
    /// The parameters make no key.
    pub(crate) fn generate(&mut self) -> Result<Pkey, Refused> {
        let mut key = ptr::null_mut();
        // SAFETY: the context is alive; a NULL key asks for a new one.
        let result = unsafe { EVP_PKEY_generate(self.ctx.as_ptr(), &raw mut key) };
        succeed(result, "generate the key")?;
        Pkey::own(&self.context, key, "generate the key")
    }
}
