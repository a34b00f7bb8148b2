//! Generation in the private context; a key like one of the TPM's is made in the TPM.
//!
//! libcrypto generates from a template by the key management that the template has, whatever the property query. That of every key
//! that was loaded is this one, so that here only the template can tell what is wanted.

use std::sync::Arc;

use super::Generate;
use super::in_tpm::TpmGeneration;
use crate::error::Result;
use crate::ffi::callback::Progress;
use crate::ffi::crypto::{Generator, Selection};
use crate::ffi::params::{ParamList, Params, settable};
use crate::key::{Key, Kind, Material};
use crate::provider::Provider;

/// A generation under way.
pub(crate) struct SoftwareGeneration {
    provider: Arc<Provider>,
    kind: Kind,
    generator: Generator,
    selection: Selection,
    bits: Option<u32>,
    /// With a key of the TPM as the template.
    in_tpm: Option<TpmGeneration>,
}

settable! {
    /// What a key in the TPM may have otherwise than its template.
    struct Size {
        bits: u32 = c"bits",
    }
}

impl Generate for SoftwareGeneration {
    fn new(provider: &Arc<Provider>, kind: Kind, selection: Selection, params: Params<'_>) -> Result<Self> {
        let generator = Generator::new(provider.software()?, kind.algorithm(), selection)?;
        let mut generation = SoftwareGeneration {
            provider: Arc::clone(provider),
            kind,
            generator,
            selection,
            bits: None,
            in_tpm: None,
        };
        generation.set_params(params)?;
        Ok(generation)
    }

    fn set_template(&mut self, template: &Key) -> Result<()> {
        let in_tpm = matches!(template.material(), Some(Material::Tpm(tpm)) if tpm.has_private());
        if in_tpm && self.selection.any(Selection::KEYS) {
            let mut list = ParamList::new();
            if let Some(bits) = self.bits {
                list.unsigned(c"bits", &bits.to_be_bytes());
            }
            let mut generation =
                TpmGeneration::new(&self.provider, self.kind, self.selection, list.as_params())?;
            generation.set_template(template)?;
            self.in_tpm = Some(generation);
            return Ok(());
        }
        self.generator = Generator::like(template.software()?, self.selection)?;
        Ok(())
    }

    fn set_params(&mut self, params: Params<'_>) -> Result<()> {
        if params.is_none() {
            return Ok(());
        }
        self.bits = Size::read(params)?.bits.or(self.bits);
        Ok(self.generator.set_params(params)?)
    }

    fn generate(&mut self, progress: &Progress<'_>) -> Result<Key> {
        if let Some(generation) = &mut self.in_tpm {
            return generation.generate(progress);
        }
        let pkey = self.generator.generate(progress)?;
        Ok(Key::new(&self.provider, self.kind, Material::Software(pkey)))
    }
}
