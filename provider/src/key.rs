//! The key object: shared as `Arc<Key>` by libcrypto and the contexts of operations.

use std::sync::{Arc, OnceLock};

use keyfile::Public;

use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::Pkey;
use crate::provider::Provider;

/// A key. Made empty (keymgmt new), then filled once: by a decoder, an import or a generation.
pub(crate) struct Key {
    kind: Kind,
    material: OnceLock<Material>,
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

/// What a key is made of.
pub(crate) enum Material {
    /// In the TPM, or the public half of such a key.
    Tpm(TpmKey),
    /// An EVP_PKEY of the private context, with whatever halves it has.
    Software(Pkey),
}

/// A key of the TPM.
pub(crate) struct TpmKey {
    public: Public,
    /// The public half as an EVP_PKEY, made when software needs it.
    software: OnceLock<Pkey>,
}

impl Key {
    /// A key without content.
    pub(crate) fn empty(provider: &Arc<Provider>, kind: Kind) -> Key {
        Key { kind, material: OnceLock::new(), provider: Arc::clone(provider) }
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
    /// `NoKey`: it is empty. `Software`: OpenSSL refuses the public half.
    pub(crate) fn software(&self) -> Result<&Pkey> {
        match self.material() {
            None => Err(Error::new(Reason::NoKey, "the key object is empty")),
            Some(Material::Software(pkey)) => Ok(pkey),
            Some(Material::Tpm(key)) => key.software(self.kind, &self.provider),
        }
    }
}

impl TpmKey {
    /// The TPM's public area.
    pub(crate) fn public(&self) -> &Public {
        &self.public
    }

    fn software(&self, _kind: Kind, _provider: &Provider) -> Result<&Pkey> {
        self.software.get().ok_or_else(|| Error::new(Reason::Unsupported, "not there yet"))
    }
}
