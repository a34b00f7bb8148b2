//! Generation for a plain fetch: in software, unless something shows that the key belongs in the TPM.
//!
//! libcrypto does not show a generation its property query or the loaded providers. So this row decides late,
//! when the key is generated and all parameters are known (docs/decisions/provider-order.md).

use std::sync::Arc;

use super::Generate;
use super::in_tpm::TpmGeneration;
use super::options::has_tpm_option;
use crate::error::Result;
use crate::ffi::callback::Progress;
use crate::ffi::crypto::{Generator, Selection};
use crate::ffi::params::{ParamList, Params};
use crate::key::{Key, Kind, Material};
use crate::provider::Provider;

/// A key generation in progress.
pub(crate) struct PlainGeneration {
    provider: Arc<Provider>,
    kind: Kind,
    selection: Selection,
    /// Checks the parameters at once, and generates the key if it is a software key.
    software: Generator,
    /// The parameters that were set. They are set again after the template, which libcrypto sets last.
    given: Vec<ParamList>,
    /// True if one of the parameters exists for TPM keys only.
    has_tpm_option: bool,
    template: Option<Arc<Key>>,
}

impl Generate for PlainGeneration {
    fn new(provider: &Arc<Provider>, kind: Kind, selection: Selection, params: Params<'_>) -> Result<Self> {
        let mut generation = PlainGeneration {
            provider: Arc::clone(provider),
            kind,
            selection,
            software: Generator::new(provider.software()?, kind.algorithm(), selection)?,
            given: Vec::new(),
            has_tpm_option: false,
            template: None,
        };
        generation.set_params(params)?;
        Ok(generation)
    }

    fn set_template(&mut self, template: &Arc<Key>) -> Result<()> {
        self.template = Some(Arc::clone(template));
        if self.selection.any(Selection::KEYS) && self.is_like_a_tpm_key() {
            return Ok(());
        }
        self.software = Generator::like(template.software()?, self.selection)?;
        for given in &mut self.given {
            self.software.set_params(given.as_params())?;
        }
        Ok(())
    }

    fn set_params(&mut self, params: Params<'_>) -> Result<()> {
        if params.is_none() {
            return Ok(());
        }
        self.software.set_params(params)?;
        self.has_tpm_option |= has_tpm_option(self.kind, params);
        self.given.push(ParamList::copy_of(params)?);
        Ok(())
    }

    fn generate(&mut self, progress: &Progress<'_>) -> Result<Key> {
        if self.selection.any(Selection::KEYS) && self.is_for_the_tpm()? {
            return self.in_tpm()?.generate(progress);
        }
        let pkey = self.software.generate(progress)?;
        Ok(Key::new(&self.provider, self.kind, Material::Software(pkey)))
    }
}

impl PlainGeneration {
    /// Returns true if the template is a TPM key, an option is for TPM keys only, or no other provider can
    /// generate such a key. A user who loads no other provider wants TPM keys, and must not get a key in
    /// clear text.
    fn is_for_the_tpm(&self) -> Result<bool> {
        Ok(self.is_like_a_tpm_key() || self.has_tpm_option || !self.provider.another_manages(self.kind)?)
    }

    fn is_like_a_tpm_key(&self) -> bool {
        let template = self.template.as_deref().and_then(Key::material);
        matches!(template, Some(Material::Tpm(tpm)) if tpm.has_private())
    }

    fn in_tpm(&mut self) -> Result<TpmGeneration> {
        let mut generation = TpmGeneration::new(&self.provider, self.kind, self.selection, Params::none())?;
        if let Some(template) = &self.template {
            generation.set_template(template)?;
        }
        for given in &mut self.given {
            generation.set_params(given.as_params())?;
        }
        Ok(generation)
    }
}
