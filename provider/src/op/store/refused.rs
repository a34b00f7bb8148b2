//! The store for a process that accepts only `fips=yes`, of an instance that lacks it: an error.

use std::ffi::CStr;
use std::sync::Arc;

use super::wanted::Wanted;
use crate::error::Result;
use crate::ffi::bio::Bio;
use crate::ffi::callback::{Callback, Passphrase};
use crate::ffi::op::store::Store;
use crate::ffi::params::{Descriptors, Params};
use crate::provider::Provider;

/// A URI that is refused.
pub(crate) struct RefusedStore {
    /// Its error was not raised yet: what is said at the end is no error to OSSL_STORE_error(3ossl).
    waits: bool,
}

impl Store for RefusedStore {
    fn open(_: &Provider, _: &CStr) -> Result<Self> {
        Ok(Self { waits: true })
    }

    fn attach(_: &Provider, _: Bio<'_>) -> Self {
        Self { waits: true }
    }

    fn set_params(&mut self, _: Params<'_>) -> Result<()> {
        Ok(())
    }

    fn settable_params() -> &'static Descriptors {
        Wanted::settable()
    }

    fn load(&mut self, provider: &Arc<Provider>, _: &Callback<'_>, _: &Passphrase<'_>) -> Result<bool> {
        if !std::mem::take(&mut self.waits) {
            return Ok(true);
        }
        Err(provider.fips_refusal())
    }

    fn is_at_end(&self) -> bool {
        !self.waits
    }
}
