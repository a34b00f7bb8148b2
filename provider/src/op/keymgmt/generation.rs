//! Generation of keys: in software for whoever asks for a plain key, in the TPM for `provider=tpm2`.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::{Generator, Selection};
use crate::ffi::params::Params;
use crate::key::{Key, Kind, Material};
use crate::provider::Provider;

/// Where a row of the registry generates.
pub(crate) trait Place: 'static {
    /// Says why it does not generate here.
    ///
    /// # Errors
    /// The reason.
    fn check() -> Result<()>;
}

/// The row `tpm2.software=yes`: a plain fetch takes it.
pub(crate) struct InSoftware;

impl Place for InSoftware {
    fn check() -> Result<()> {
        Ok(())
    }
}

/// The row `provider=tpm2`.
pub(crate) struct InTpm;

impl Place for InTpm {
    fn check() -> Result<()> {
        let text = "this version makes no TPM keys through OpenSSL: make the key with `tpm2-keytool create FILE` \
                    (a software key: leave out the property query provider=tpm2)";
        Err(Error::new(Reason::Unsupported, text))
    }
}

/// A generation under way.
pub(crate) struct Generation<P> {
    provider: Arc<Provider>,
    kind: Kind,
    generator: Generator,
    place: PhantomData<P>,
}

impl<P: Place> Generation<P> {
    pub(super) fn new(
        provider: &Arc<Provider>,
        kind: Kind,
        selection: Selection,
        params: Params<'_>,
    ) -> Result<Generation<P>> {
        P::check()?;
        let generator = Generator::new(provider.software()?, kind.algorithm(), selection)?;
        let mut generation =
            Generation { provider: Arc::clone(provider), kind, generator, place: PhantomData };
        generation.set_params(params)?;
        Ok(generation)
    }

    /// Takes the parameters (the curve) of another key.
    pub(super) fn set_template(&mut self, template: &Key) -> Result<()> {
        self.generator = Generator::like(template.software()?)?;
        Ok(())
    }

    pub(super) fn set_params(&mut self, params: Params<'_>) -> Result<()> {
        if params.into_iter().next().is_none() {
            return Ok(());
        }
        Ok(self.generator.set_params(params)?)
    }

    pub(super) fn generate(&mut self) -> Result<Key> {
        let pkey = self.generator.generate()?;
        let key = Key::empty(&self.provider, self.kind);
        key.fill(Material::Software(pkey))?;
        Ok(key)
    }
}
