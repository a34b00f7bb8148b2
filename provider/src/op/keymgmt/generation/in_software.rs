//! Generation in the private context; a key like one of the TPM's is made in the TPM.
//!
//! libcrypto generates from a template by the key management that the template has, whatever the property query. That of every key
//! that was loaded is this one, so that here only the template can tell what is wanted.

use std::sync::Arc;

use super::Generate;
use super::in_tpm::TpmGeneration;
use super::options::only_of_the_tpm;
use crate::error::{Error, Reason, Result};
use crate::ffi::callback::Progress;
use crate::ffi::crypto::{Generator, Selection};
use crate::ffi::params::{ParamList, Params};
use crate::key::{Key, Kind, Material};
use crate::provider::Provider;

/// A generation under way.
pub(crate) struct SoftwareGeneration {
    provider: Arc<Provider>,
    kind: Kind,
    generator: Generator,
    selection: Selection,
    /// What was set, for libcrypto shows the template last.
    said: Vec<ParamList>,
    /// Something among it that software keys do not have.
    only_of_the_tpm: Option<String>,
    /// With a key of the TPM as the template.
    in_tpm: Option<TpmGeneration>,
}

impl Generate for SoftwareGeneration {
    fn new(provider: &Arc<Provider>, kind: Kind, selection: Selection, params: Params<'_>) -> Result<Self> {
        let generator = Generator::new(provider.software()?, kind.algorithm(), selection)?;
        let mut generation = SoftwareGeneration {
            provider: Arc::clone(provider),
            kind,
            generator,
            selection,
            said: Vec::new(),
            only_of_the_tpm: None,
            in_tpm: None,
        };
        generation.set_params(params)?;
        Ok(generation)
    }

    fn set_template(&mut self, template: &Key) -> Result<()> {
        let in_tpm = matches!(template.material(), Some(Material::Tpm(tpm)) if tpm.has_private());
        if in_tpm && self.selection.any(Selection::KEYS) {
            let mut generation =
                TpmGeneration::new(&self.provider, self.kind, self.selection, Params::none())?;
            generation.set_template(template)?;
            for said in &mut self.said {
                generation.set_params(said.as_params())?;
            }
            self.in_tpm = Some(generation);
            return Ok(());
        }
        self.generator = Generator::like(template.software()?, self.selection)?;
        for said in &mut self.said {
            self.generator.set_params(said.as_params())?;
        }
        Ok(())
    }

    fn set_params(&mut self, params: Params<'_>) -> Result<()> {
        if params.is_none() {
            return Ok(());
        }
        self.generator.set_params(params)?;
        self.only_of_the_tpm = only_of_the_tpm(params).or(self.only_of_the_tpm.take());
        self.said.push(ParamList::copy_of(params)?);
        Ok(())
    }

    fn generate(&mut self, progress: &Progress<'_>) -> Result<Key> {
        if let Some(generation) = &mut self.in_tpm {
            return generation.generate(progress);
        }
        if let (Some(name), true) = (&self.only_of_the_tpm, self.selection.any(Selection::KEYS)) {
            let text = format!(
                "{name} is for keys in the TPM, and this one would be of software: say -propquery provider=tpm2"
            );
            return Err(Error::new(Reason::Parameter, text));
        }
        let pkey = self.generator.generate(progress)?;
        Ok(Key::new(&self.provider, self.kind, Material::Software(pkey)))
    }
}
