//! The key object: shared as `Arc<Key>` by libcrypto and the contexts of operations.

mod origin;
mod tpm_key;

use std::ffi::CStr;
use std::sync::{Arc, OnceLock};

pub(crate) use origin::{KeyAuth, Place};
pub(crate) use tpm_key::{TpmKey, no_sm2};

use keyfile::{Public, PublicKey, Scheme};
use missing::pkcs1::rejection::Secret;
use tpm::RawRsa;

use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::{Pkey, Selection};
use crate::private::TpmSalt;
use crate::provider::Provider;

/// A key. Made empty (keymgmt new), then filled once: by a decoder, an import or a generation.
pub(crate) struct Key {
    kind: Kind,
    material: OnceLock<Material>,
    /// Of libssl: what is generated like it is not of the TPM.
    ephemeral: bool,
    /// Last: it outlives the material.
    provider: Arc<Provider>,
}

/// The type of a key, as the keymgmt rows tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Rsa,
    RsaPss,
    Ec,
}

impl Kind {
    /// The first name of the keymgmt row, ours and OpenSSL's.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Kind::Rsa => "RSA",
            Kind::RsaPss => "RSA-PSS",
            Kind::Ec => "EC",
        }
    }

    /// The type of a key in a TPM; one with a fixed PSS scheme signs nothing else, as OpenSSL's RSA-PSS keys. `None` for sealed
    /// data and symmetric keys.
    pub(crate) const fn of(public: &Public) -> Option<Kind> {
        match &public.key {
            PublicKey::Rsa { scheme: Scheme::Rsapss(_), .. } => Some(Kind::RsaPss),
            PublicKey::Rsa { .. } => Some(Kind::Rsa),
            PublicKey::Ecc { .. } => Some(Kind::Ec),
            PublicKey::KeyedHash { .. } | PublicKey::SymCipher { .. } => None,
        }
    }

    /// The same for C.
    pub(crate) const fn algorithm(self) -> &'static CStr {
        match self {
            Kind::Rsa => c"RSA",
            Kind::RsaPss => c"RSA-PSS",
            Kind::Ec => c"EC",
        }
    }
}

/// What a key is made of.
pub(crate) enum Material {
    /// In the TPM, or the public half of such a key.
    Tpm(TpmKey),
    /// An EVP_PKEY of the private context, with whatever parts it has.
    Software(Pkey),
}

impl Key {
    /// A key without content.
    pub(crate) fn empty(provider: &Arc<Provider>, kind: Kind) -> Key {
        Key { kind, material: OnceLock::new(), ephemeral: false, provider: Arc::clone(provider) }
    }

    /// A key with content.
    pub(crate) fn new(provider: &Arc<Provider>, kind: Kind, material: Material) -> Key {
        Key { kind, material: OnceLock::from(material), ephemeral: false, provider: Arc::clone(provider) }
    }

    /// The same, as one of libssl's short-lived keys or as any other.
    pub(crate) fn ephemeral(self, ephemeral: bool) -> Key {
        Key { ephemeral, ..self }
    }

    /// Whether it is one of libssl's short-lived keys.
    pub(crate) fn is_ephemeral(&self) -> bool {
        self.ephemeral
    }

    /// The instance it belongs to.
    pub(crate) fn provider(&self) -> &Arc<Provider> {
        &self.provider
    }

    /// Its type.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// What it is made of; `None` while it is empty.
    pub(crate) fn material(&self) -> Option<&Material> {
        self.material.get()
    }

    /// Fills an empty key.
    ///
    /// # Errors
    /// `Sequence`: it has content already.
    pub(crate) fn fill(&self, material: Material) -> Result<()> {
        self.material
            .set(material)
            .map_err(|_| Error::new(Reason::Sequence, "the key object has its content already"))
    }

    /// The key as software has it: a software key whole, of a TPM key the public half.
    ///
    /// # Errors
    /// `NoKey`: it is empty. `Software`: OpenSSL refuses the public half. `Unsupported`: OpenSSL lacks the curve.
    pub(crate) fn software(&self) -> Result<&Pkey> {
        match self.material() {
            None => Err(Error::new(Reason::NoKey, "the key object is empty")),
            Some(Material::Software(pkey)) => Ok(pkey),
            Some(Material::Tpm(tpm)) => tpm.software(self.kind, &self.provider),
        }
    }

    /// Whether it has all selected parts.
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

    /// Whether both have the same public half.
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

    /// Whether both have the same parameters (the curve).
    ///
    /// # Errors
    /// As `software`.
    pub(crate) fn parameters_eq(&self, other: &Key) -> Result<bool> {
        Ok(self.software()?.parameters_eq(other.software()?))
    }

    /// The digest that a key of the TPM was made to sign with, by the name that OpenSSL has for it.
    pub(crate) fn default_digest(&self) -> Option<&'static str> {
        match self.material() {
            Some(Material::Tpm(tpm)) => tpm.default_digest(),
            _ => None,
        }
    }

    /// The same, where the TPM refuses others: all, or those that do not fit.
    pub(crate) fn mandatory_digest(&self) -> Option<&'static str> {
        match self.material() {
            Some(Material::Tpm(tpm)) => tpm.mandatory_digest(),
            _ => None,
        }
    }

    /// What the synthetic messages of PKCS#1 v1.5 decryption are derived from, by raw RSA or without it: made once for a key and process.
    ///
    /// # Errors
    /// Those of `make`.
    pub(crate) fn rejection_secret(
        &self,
        raw_rsa: RawRsa,
        make: impl FnOnce() -> Result<Secret>,
    ) -> Result<&Secret> {
        match self.material() {
            Some(Material::Tpm(tpm)) => tpm.rejection_secret(raw_rsa, make),
            _ => Err(Error::new(Reason::WrongKey, "a software key keeps its own secret")),
        }
    }

    /// The salt length that the TPM signs PSS with by this key, once it was found out.
    ///
    /// # Errors
    /// `WrongKey`: it is a software key.
    pub(crate) fn pss_salt(&self) -> Result<&OnceLock<TpmSalt>> {
        match self.material() {
            Some(Material::Tpm(tpm)) => Ok(tpm.pss_salt()),
            _ => Err(Error::new(Reason::WrongKey, "a software key signs with any salt")),
        }
    }

    /// A copy of the selected parts, which may be changed by itself.
    ///
    /// # Errors
    /// As `software`.
    pub(crate) fn part(&self, selection: Selection) -> Result<Key> {
        let copy = Key::empty(&self.provider, self.kind).ephemeral(self.ephemeral);
        let private = selection.any(Selection::PRIVATE_KEY);
        let material = match self.material() {
            None => return Ok(copy),
            Some(Material::Tpm(tpm)) if selection.any(Selection::PUBLIC_KEY) => {
                Material::Tpm(tpm.duplicate(private)?)
            }
            Some(Material::Software(pkey)) if private => Material::Software(pkey.duplicate()?),
            // RSA keys have no parameters to speak of.
            Some(_) if !selection.any(Selection::PUBLIC_KEY) && self.kind != Kind::Ec => return Ok(copy),
            Some(_) => Material::Software(self.software()?.part(self.kind.algorithm(), selection)?),
        };
        copy.fill(material)?;
        Ok(copy)
    }
}
