//! Refuses to generate keys for a process that accepts only `fips=yes`, if the instance lacks it.

use std::sync::Arc;

use super::Generate;
use crate::error::Result;
use crate::ffi::callback::Progress;
use crate::ffi::crypto::Selection;
use crate::ffi::params::Params;
use crate::key::{Key, Kind};
use crate::provider::Provider;

/// A generation that cannot be created.
pub(crate) enum RefusedGeneration {}

impl Generate for RefusedGeneration {
    fn new(provider: &Arc<Provider>, _: Kind, _: Selection, _: Params<'_>) -> Result<Self> {
        Err(provider.fips_refusal())
    }

    fn set_template(&mut self, _: &Arc<Key>) -> Result<()> {
        match *self {}
    }

    fn set_params(&mut self, _: Params<'_>) -> Result<()> {
        match *self {}
    }

    fn generate(&mut self, _: &Progress<'_>) -> Result<Key> {
        match *self {}
    }
}
