//! Key management: everything that libcrypto asks of a key but its operations.
//!
//! What is public is answered by an EVP_PKEY of the private context, so that it is answered as OpenSSL's own keys do.

mod ec;
mod generation;
mod import;
mod rsa;

use std::ffi::CStr;
use std::marker::PhantomData;
use std::sync::Arc;

pub(crate) use ec::Ec;
use generation::Generate;
pub(crate) use generation::{InTpm, NotFips, Place, Plain};
pub(crate) use rsa::{Rsa, RsaPss};

use crate::error::{Error, Reason, Result};
use crate::ffi::callback::{Callback, Progress};
use crate::ffi::crypto::Selection;
use crate::ffi::op::keymgmt::{KeyManagement, OperationId};
use crate::ffi::params::{Descriptors, Params, ParamsMut};
use crate::key::{Key, Kind, Material};
use crate::provider::Provider;

/// What differs by type of key.
pub(crate) trait KeyType: 'static {
    const KIND: Kind;
    /// What may be imported and exported.
    const EXCHANGEABLE: &'static Descriptors;
    const GETTABLE: &'static Descriptors;
    const SETTABLE: &'static Descriptors;
    /// What may be set of a key that is generated.
    const GENERATION: &'static Descriptors;

    fn operation_name(operation: OperationId) -> Option<&'static CStr>;
}

/// The keymgmt of one type that generates in one place.
pub(crate) struct Management<T, P>(PhantomData<(T, P)>);

impl<T: KeyType, P: Place> KeyManagement for Management<T, P> {
    type Generation = P::Generation;

    fn empty(provider: &Arc<Provider>) -> Arc<Key> {
        Arc::new(Key::empty(provider, T::KIND))
    }

    fn takes(key: &Key) -> bool {
        key.kind() == T::KIND
    }

    fn has(key: &Key, selection: Selection) -> bool {
        key.has(selection)
    }

    fn matches(key: &Key, other: &Key, selection: Selection) -> Result<bool> {
        if key.kind() != other.kind() {
            return Ok(false);
        }
        // Without a public half there is nothing to compare but the parameters. A private half alone does not come up: every
        // key of ours that has one has both.
        if selection.any(Selection::KEYS) {
            return key.public_eq(other);
        }
        Ok(!selection.any(Selection::PARAMETERS) || key.parameters_eq(other)?)
    }

    fn validate(key: &Key, selection: Selection, quick: bool) -> Result<bool> {
        match key.material() {
            None => Ok(false),
            Some(Material::Software(pkey)) => Ok(pkey.is_valid(selection, quick)),
            // The TPM has checked the private half when the key was made or loaded.
            Some(Material::Tpm(tpm)) => {
                let has = !selection.any(Selection::PRIVATE_KEY) || tpm.has_private();
                Ok(has && key.software()?.is_valid(selection.without(Selection::PRIVATE_KEY), quick))
            }
        }
    }

    fn dup(key: &Arc<Key>, selection: Selection) -> Result<Arc<Key>> {
        key.part(selection).map(Arc::new)
    }

    fn import(key: &Key, selection: Selection, params: Params<'_>) -> Result<()> {
        import::import(key, selection, params)
    }

    fn import_types(_: Selection) -> &'static Descriptors {
        T::EXCHANGEABLE
    }

    fn export(key: &Key, selection: Selection, receiver: &Callback<'_>) -> Result<bool> {
        if selection.any(Selection::PRIVATE_KEY) && matches!(key.material(), Some(Material::Tpm(_))) {
            let text =
                "the private half of a TPM key never leaves the TPM: use the key through this provider";
            return Err(Error::new(Reason::NotExportable, text));
        }
        receiver.export(key.software()?, selection)?;
        Ok(true)
    }

    fn export_types(_: Selection) -> &'static Descriptors {
        T::EXCHANGEABLE
    }

    fn params(key: &Key, mut params: ParamsMut<'_>) -> Result<()> {
        if key.material().is_none() {
            return Ok(());
        }
        let software = key.software()?;
        if software.is_a(c"EC") {
            params.bound_octets(c"encoded-pub-key")?;
        }
        software.answer(&mut params)?;
        let (default, mandatory) = (key.default_digest(), key.mandatory_digest());
        params.each(|name, slot| match (name.to_bytes(), default, mandatory) {
            (b"default-digest", Some(digest), _) | (b"mandatory-digest", _, Some(digest)) => {
                slot.text(digest)
            }
            _ => Ok(()),
        })?;
        Ok(())
    }

    fn gettable_params() -> &'static Descriptors {
        T::GETTABLE
    }

    fn set_params(key: &Key, params: Params<'_>) -> Result<()> {
        // OpenSSL would put another point into the software half only, and what the TPM signs would verify no more.
        if matches!(key.material(), Some(Material::Tpm(_))) && params.find(c"encoded-pub-key").is_some() {
            let text =
                "the public half of a TPM key cannot be changed: set it in a copy of the key's parameters";
            return Err(Error::new(Reason::WrongKey, text));
        }
        Ok(key.software()?.set_params(params)?)
    }

    fn settable_params() -> &'static Descriptors {
        T::SETTABLE
    }

    fn operation_name(operation: OperationId) -> Option<&'static CStr> {
        T::operation_name(operation)
    }

    fn generation(
        provider: &Arc<Provider>,
        selection: Selection,
        params: Params<'_>,
    ) -> Result<Self::Generation> {
        P::Generation::new(provider, T::KIND, selection, params)
    }

    fn set_template(generation: &mut Self::Generation, template: &Arc<Key>) -> Result<()> {
        generation.set_template(template)
    }

    fn set_generation_params(generation: &mut Self::Generation, params: Params<'_>) -> Result<()> {
        generation.set_params(params)
    }

    fn settable_generation_params() -> &'static Descriptors {
        T::GENERATION
    }

    fn generate(generation: &mut Self::Generation, progress: &Progress<'_>) -> Result<Arc<Key>> {
        generation.generate(progress).map(Arc::new)
    }
}
