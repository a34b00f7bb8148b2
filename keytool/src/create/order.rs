//! The requested key, after all files and passwords are read.

use keyfile::{Curve, Handle, HashAlg, KeyFile, Kind, Public, Sensitive};
use tpm::Auth;
use tpm::template::{Template, Usage};
use zeroize::Zeroizing;

use super::private_key::PrivateKey;
use crate::key_file;
use crate::policy::Policy;

/// The properties of the requested key.
pub(super) struct Order {
    pub(super) parent: Handle,
    /// None if the default is meant.
    pub(super) name_alg: Option<HashAlg>,
    pub(super) da: bool,
    /// True for a parent of other keys, false for a key that signs and decrypts.
    pub(super) restricted: bool,
    pub(super) auth: Option<Auth>,
    pub(super) description: Option<String>,
    /// True if the file gets the old layout.
    pub(super) deprecated: bool,
}

/// The private key to wrap, or the type of a new key.
pub(super) enum Wanted {
    /// An existing private key.
    Given(PrivateKey),
    /// A new RSA key with this number of bits.
    Rsa(u16),
    /// A new EC key on this curve.
    Ecc(Curve),
}

impl Wanted {
    /// Returns the template with the type and the size, for the check that the TPM supports them.
    pub(super) fn template(&self) -> Template {
        match self {
            Self::Given(given) => given.template(),
            Self::Rsa(bits) => Template::rsa(*bits),
            Self::Ecc(curve) => Template::ecc(*curve),
        }
    }
}

impl Order {
    /// Returns the hash of the key's Name.
    pub(super) fn name_hash(&self) -> HashAlg {
        self.name_alg.unwrap_or(HashAlg::Sha256)
    }

    /// Returns the template with the properties of this order.
    pub(super) fn template(&self, template: Template, policy: Option<&Policy>) -> Template {
        let usage = if self.restricted { Usage::Parent } else { Usage::SignDecrypt };
        let template = template.usage(usage).name_alg(self.name_hash()).dictionary_attack_protection(self.da);
        match policy {
            Some(policy) => template.policy(policy.digest.clone()),
            None => template,
        }
    }

    /// Returns the areas of a private key that is wrapped here.
    pub(super) fn areas(&self, given: PrivateKey) -> (Template, Sensitive) {
        let template = given.template();
        let auth_value = self.auth.as_ref().map(|auth| auth.as_value(self.name_hash())).unwrap_or_default();
        // The seed with which a parent protects its children (Part 1 §27.7.3). Other asymmetric keys have none.
        let seed_value = match self.restricted {
            true => given.seed(self.name_hash()),
            false => Zeroizing::default(),
        };
        (template, Sensitive { auth_value, seed_value, ..given.sensitive() })
    }

    /// Returns the key file.
    pub(super) fn file(
        &self,
        kind: Kind,
        public: Public,
        private: Vec<u8>,
        policy: Option<Policy>,
    ) -> KeyFile {
        let key = KeyFile::new(kind, self.parent, public, private);
        let mut key = key_file::authorized(key, self.auth.is_some(), policy);
        key.description.clone_from(&self.description);
        key.old_layout = self.deprecated;
        key
    }
}
