//! Key management: everything that libcrypto does with a key except operations.
//!
//! An EVP_PKEY of the private context answers queries about the public half, so the answers are the same as
//! for OpenSSL's own keys.

mod ec;
mod generation;
mod import;
mod rsa;

use std::ffi::CStr;
use std::marker::PhantomData;
use std::sync::Arc;

pub(crate) use ec::Ec;
use generation::Generate;
pub(crate) use generation::{InTpm, Location, NotFips, Plain};
pub(crate) use rsa::{Rsa, RsaPss};

use crate::error::{Error, Reason, Result};
use crate::ffi::callback::{Callback, Progress};
use crate::ffi::crypto::Selection;
use crate::ffi::op::keymgmt::{KeyManagement, OperationId};
use crate::ffi::params::{Descriptors, Params, ParamsMut};
use crate::key::{Key, Kind, Material};
use crate::provider::Provider;

/// The differences between key types.
pub(crate) trait KeyType: 'static {
    const KIND: Kind;
    /// True if a key may consist of its parameters alone.
    const HAS_PARAMETERS: bool;
    const GETTABLE: &'static Descriptors;
    const SETTABLE: &'static Descriptors;
    /// The parameters that can be set for a generation.
    const GENERATION: &'static Descriptors;

    /// The parameters of the selected parts.
    fn types(selection: Selection) -> Option<&'static Descriptors>;

    fn operation_name(operation: OperationId) -> Option<&'static CStr>;
}

/// Returns true if a key of this type can have a selected part.
fn has_any<T: KeyType>(selection: Selection) -> bool {
    T::HAS_PARAMETERS || selection.any(Selection::KEYS)
}

/// The key management of one type that generates keys in one location.
pub(crate) struct Management<T, P>(PhantomData<(T, P)>);

impl<T: KeyType, P: Location> KeyManagement for Management<T, P> {
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
        // Without a public half only the parameters can be compared. A private half without a public one does
        // not occur: each key with a private half has both.
        if selection.any(Selection::KEYS) {
            return key.public_eq(other);
        }
        Ok(!selection.any(Selection::PARAMETERS) || key.parameters_eq(other)?)
    }

    fn validate(key: &Key, selection: Selection, quick: bool) -> Result<bool> {
        match key.material() {
            None => Ok(false),
            Some(Material::Software(pkey)) => Ok(pkey.is_valid(selection, quick)),
            // The TPM checked the private half when the key was created or loaded.
            Some(Material::Tpm(tpm)) => {
                let has = !selection.any(Selection::PRIVATE_KEY) || tpm.has_private();
                Ok(has && key.software()?.is_valid(selection.without(Selection::PRIVATE_KEY), quick))
            }
        }
    }

    fn dup(key: &Arc<Key>, selection: Selection) -> Result<Option<Arc<Key>>> {
        has_any::<T>(selection).then(|| key.copy_selected(selection).map(Arc::new)).transpose()
    }

    fn import(key: &Key, selection: Selection, params: Params<'_>) -> Result<()> {
        import::import(key, selection, params)
    }

    fn types(selection: Selection) -> Option<&'static Descriptors> {
        T::types(selection)
    }

    fn export(key: &Key, selection: Selection, receiver: &Callback<'_>) -> Result<bool> {
        if selection.any(Selection::PRIVATE_KEY) && matches!(key.material(), Some(Material::Tpm(_))) {
            let text = "the private half of a TPM key never leaves the TPM";
            let hint = "use the key through this provider; as the peer of a software key, use a copy of its public half (d2i_PUBKEY)";
            return Err(Error::new(Reason::NotExportable, text).with_hint(hint));
        }
        receiver.export(key.software()?, selection)?;
        Ok(true)
    }

    fn params(key: &Key, mut params: ParamsMut<'_>) -> Result<bool> {
        if key.material().is_none() {
            return Ok(true);
        }
        let software = key.software()?;
        if software.is_a(c"EC") {
            params.limit_bytes(c"encoded-pub-key")?;
        }
        if software.answer(&mut params).is_err() {
            return Ok(false);
        }
        // The software half of an RSA-PSS key has no default digest, and its mandatory digest is SHA2-256. By
        // this name libcrypto finds no digest if no provider has one, as with tpm2 and base alone
        // (EVP_get_digestbyname).
        let default = key.default_digest().filter(|_| key.kind() != Kind::RsaPss);
        let mandatory = key.mandatory_digest();
        params.each(|name, slot| match (name.to_bytes(), default, mandatory) {
            (b"default-digest", Some(digest), _) | (b"mandatory-digest", _, Some(digest)) => {
                slot.text(&digest.to_ascii_uppercase())
            }
            _ => Ok(()),
        })?;
        Ok(true)
    }

    fn gettable_params() -> &'static Descriptors {
        T::GETTABLE
    }

    fn set_params(key: &Key, params: Params<'_>) -> Result<()> {
        // OpenSSL would set another point in the software half only, and the TPM's signatures would no longer
        // verify.
        let has_point = key.kind() == Kind::Ec && matches!(key.material(), Some(Material::Tpm(_)));
        if has_point && params.find(c"encoded-pub-key").is_some() {
            let text = "the public half of a TPM key cannot be changed";
            return Err(
                Error::new(Reason::WrongKey, text).with_hint("set it in a copy of the key's parameters")
            );
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
    ) -> Result<Option<Self::Generation>> {
        let generation = || P::Generation::new(provider, T::KIND, selection, params);
        has_any::<T>(selection).then(generation).transpose()
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
