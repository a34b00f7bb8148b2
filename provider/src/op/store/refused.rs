//! The store for a process that accepts only `fips=yes`, if the instance lacks it: loading fails.

use std::ffi::CStr;
use std::sync::Arc;

use super::wanted::Wanted;
use crate::error::Result;
use crate::ffi::bio::Bio;
use crate::ffi::callback::{Callback, Passphrase};
use crate::ffi::op::store::Store;
use crate::ffi::params::{Descriptors, Params};
use crate::provider::Provider;

/// A refused URI.
pub(crate) struct RefusedStore {
    /// True until the error has been raised: OSSL_STORE_error(3ossl) ignores an error at the end.
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
