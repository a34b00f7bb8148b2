//! The key object: shared as `Arc<Key>` by libcrypto and the contexts of operations.

mod origin;
mod tpm_key;

use std::ffi::CStr;
use std::sync::{Arc, OnceLock};

pub(crate) use origin::{AtHandle, KeyAuth};
pub(crate) use tpm_key::{TpmKey, no_sm2};

use keyfile::{Public, PublicKey, Scheme};
use operations::Memory;

use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::{Pkey, Selection};
use crate::provider::Provider;

/// A key. It is created empty (keymgmt new), then filled once by a decoder, an import or a generation.
pub(crate) struct Key {
    kind: Kind,
    material: OnceLock<Material>,
    /// True for an ephemeral key of libssl. A key generated from it as a template is not created in the TPM.
    ephemeral: bool,
    /// Last: it must outlive the material.
    provider: Arc<Provider>,
}

/// The type of a key, as in the keymgmt rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Rsa,
    RsaPss,
    Ec,
}

impl Kind {
    /// The first name of the keymgmt row, here and in OpenSSL.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Kind::Rsa => "RSA",
            Kind::RsaPss => "RSA-PSS",
            Kind::Ec => "EC",
        }
    }

    /// The type of a key in a TPM. A key with a fixed PSS scheme signs with nothing else, like OpenSSL's
    /// RSA-PSS keys. `None` for sealed data and symmetric keys.
    pub(crate) const fn of(public: &Public) -> Option<Kind> {
        match &public.key {
            PublicKey::Rsa { scheme: Scheme::Rsapss(_), .. } => Some(Kind::RsaPss),
            PublicKey::Rsa { .. } => Some(Kind::Rsa),
            PublicKey::Ecc { .. } => Some(Kind::Ec),
            PublicKey::KeyedHash { .. } | PublicKey::SymCipher { .. } => None,
        }
    }

    /// The same name as a C string.
    pub(crate) const fn algorithm(self) -> &'static CStr {
        match self {
            Kind::Rsa => c"RSA",
            Kind::RsaPss => c"RSA-PSS",
            Kind::Ec => c"EC",
        }
    }
}

/// The content of a key.
pub(crate) enum Material {
    /// A key in the TPM, or the public half of one.
    Tpm(TpmKey),
    /// An EVP_PKEY of the private context, with any of its parts.
    Software(Pkey),
}

impl Key {
    /// Creates a key without content.
    pub(crate) fn empty(provider: &Arc<Provider>, kind: Kind) -> Key {
        Key { kind, material: OnceLock::new(), ephemeral: false, provider: Arc::clone(provider) }
    }

    /// Creates a key with content.
    pub(crate) fn new(provider: &Arc<Provider>, kind: Kind, material: Material) -> Key {
        Key { kind, material: OnceLock::from(material), ephemeral: false, provider: Arc::clone(provider) }
    }

    /// Sets the mark of libssl's ephemeral keys.
    pub(crate) fn ephemeral(self, ephemeral: bool) -> Key {
        Key { ephemeral, ..self }
    }

    /// Returns true if this is an ephemeral key of libssl.
    pub(crate) fn is_ephemeral(&self) -> bool {
        self.ephemeral
    }

    /// The provider instance that the key belongs to.
    pub(crate) fn provider(&self) -> &Arc<Provider> {
        &self.provider
    }

    /// The type of the key.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// The content; `None` while the key is empty.
    pub(crate) fn material(&self) -> Option<&Material> {
        self.material.get()
    }

    /// Fills an empty key.
    ///
    /// # Errors
    /// `Sequence`: the key already has content.
    pub(crate) fn fill(&self, material: Material) -> Result<()> {
        self.material
            .set(material)
            .map_err(|_| Error::new(Reason::Sequence, "the key object already has its content"))
    }

    /// Returns the key in software: a whole software key, or the public half of a TPM key.
    ///
    /// # Errors
    /// `NoKey`: the key is empty. `Software`: OpenSSL refuses the public half. `Unsupported`: OpenSSL lacks
    /// the curve.
    pub(crate) fn software(&self) -> Result<&Pkey> {
        match self.material() {
            None => Err(Error::new(Reason::NoKey, "the key object is empty")),
            Some(Material::Software(pkey)) => Ok(pkey),
            Some(Material::Tpm(tpm)) => tpm.software(self.kind, &self.provider),
        }
    }

    /// Returns true if the key has all selected parts.
    pub(crate) fn has(&self, selection: Selection) -> bool {
        match self.material() {
            None => false,
            Some(Material::Tpm(tpm)) => !selection.any(Selection::PRIVATE_KEY) || tpm.has_private(),
            Some(Material::Software(pkey)) => {
                let (private, public, parameters) = match self.kind {
                    Kind::Rsa | Kind::RsaPss => (c"d", c"n", None),
                    Kind::Ec => (c"priv", c"pub", Some(c"group")),
                };
                let parameters = parameters.is_none_or(|name| pkey.knows(name));
                (!selection.any(Selection::PARAMETERS) || parameters)
                    && (!selection.any(Selection::PUBLIC_KEY) || pkey.knows(public))
                    && (!selection.any(Selection::PRIVATE_KEY) || pkey.knows(private))
            }
        }
    }

    /// Returns true if both keys have the same public half.
    ///
    /// # Errors
    /// As `software`.
    pub(crate) fn public_eq(&self, other: &Key) -> Result<bool> {
        match (self.material(), other.material()) {
            (None, _) | (_, None) => Ok(false),
            (Some(Material::Tpm(this)), Some(Material::Tpm(other))) if this.same_public_key(other) => {
                Ok(true)
            }
            _ => Ok(self.software()?.public_eq(other.software()?)),
        }
    }

    /// Returns true if both keys have the same parameters (the curve).
    ///
    /// # Errors
    /// As `software`.
    pub(crate) fn parameters_eq(&self, other: &Key) -> Result<bool> {
        Ok(self.software()?.parameters_eq(other.software()?))
    }

    /// The digest that a TPM key is meant to sign with, by OpenSSL's name.
    pub(crate) fn default_digest(&self) -> Option<&'static str> {
        match self.material() {
            Some(Material::Tpm(tpm)) => tpm.default_digest(),
            _ => None,
        }
    }

    /// The digest that a TPM key must sign with, because the TPM refuses other digests or those that do not
    /// fit.
    pub(crate) fn mandatory_digest(&self) -> Option<&'static str> {
        match self.material() {
            Some(Material::Tpm(tpm)) => tpm.mandatory_digest(),
            _ => None,
        }
    }

    /// Returns what operations in the TPM remember of the key.
    ///
    /// # Errors
    /// `WrongKey`: this is a software key.
    pub(crate) fn memory(&self) -> Result<&Memory> {
        match self.material() {
            Some(Material::Tpm(tpm)) => Ok(tpm.memory()),
            _ => Err(Error::new(Reason::WrongKey, "a software key needs no operation in the TPM")),
        }
    }

    /// Copies the selected parts. Changes to the copy do not affect the original.
    ///
    /// # Errors
    /// As `software`.
    pub(crate) fn copy_selected(&self, selection: Selection) -> Result<Key> {
        let copy = Key::empty(&self.provider, self.kind).ephemeral(self.ephemeral);
        let private = selection.any(Selection::PRIVATE_KEY);
        let material = match self.material() {
            None => return Ok(copy),
            Some(Material::Tpm(tpm)) if selection.any(Selection::PUBLIC_KEY) => {
                Material::Tpm(tpm.duplicate(private)?)
            }
            Some(Material::Software(pkey)) if private => Material::Software(pkey.duplicate()?),
            // RSA keys have no domain parameters.
            Some(_) if !selection.any(Selection::PUBLIC_KEY) && self.kind != Kind::Ec => return Ok(copy),
            Some(_) => Material::Software(self.software()?.copy_selected(self.kind.algorithm(), selection)?),
        };
        copy.fill(material)?;
        Ok(copy)
    }
}
