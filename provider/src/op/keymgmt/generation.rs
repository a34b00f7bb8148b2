//! Generation of keys: in the TPM for `provider=tpm2`, usually in software for a plain fetch.

mod creation;
mod in_tpm;
mod options;
mod plain;
mod refused;
mod spelling;

use std::sync::Arc;

use in_tpm::TpmGeneration;
pub(super) use options::generation_list;
use plain::PlainGeneration;
use refused::RefusedGeneration;

use crate::error::Result;
use crate::ffi::callback::Progress;
use crate::ffi::crypto::Selection;
use crate::ffi::params::Params;
use crate::key::{Key, Kind};
use crate::provider::Provider;

/// A key generation in progress.
pub(crate) trait Generate: Sized + 'static {
    /// Begins to generate a key, or only its parameters if nothing else is selected.
    fn new(provider: &Arc<Provider>, kind: Kind, selection: Selection, params: Params<'_>) -> Result<Self>;
    /// Sets the parameters (the curve) of another key.
    fn set_template(&mut self, template: &Arc<Key>) -> Result<()>;
    fn set_params(&mut self, params: Params<'_>) -> Result<()>;
    fn generate(&mut self, progress: &Progress<'_>) -> Result<Key>;
}

/// The location in which a row of the registry generates keys.
pub(crate) trait Location: 'static {
    type Generation: Generate;
}

/// The row `tpm2.software=yes`, which a plain fetch finds.
pub(crate) struct Plain;

impl Location for Plain {
    type Generation = PlainGeneration;
}

/// The row `provider=tpm2`.
pub(crate) struct InTpm;

impl Location for InTpm {
    type Generation = TpmGeneration;
}

/// The row for a process that accepts only `fips=yes`, if the instance lacks it.
pub(crate) struct NotFips;

impl Location for NotFips {
    type Generation = RefusedGeneration;
}
