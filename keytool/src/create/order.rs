//! What was asked for, with every file and password read: what is left to do needs the TPM, or nothing at all.

use keyfile::{AlgId, Curve, Handle, HashAlg, KeyFile, Kind, Public, Sensitive};
use tpm::Auth;
use tpm::template::{Template, Usage};
use zeroize::Zeroizing;

use super::private_key::PrivateKey;
use crate::key_file;
use crate::policy::Policy;

/// What every way to a key shares.
pub(super) struct Order {
    pub(super) parent: Handle,
    /// None if it does not matter.
    pub(super) name_alg: Option<HashAlg>,
    pub(super) da: bool,
    /// A parent of other keys, instead of a key that signs and decrypts.
    pub(super) restricted: bool,
    pub(super) auth: Option<Auth>,
    pub(super) description: Option<String>,
    /// The file gets the layout from before the standard.
    pub(super) deprecated: bool,
}

/// The key itself.
pub(super) enum Wanted {
    /// A private key that exists.
    Given(PrivateKey),
    /// A new RSA key of so many bits.
    Rsa(u16),
    /// A new key on a curve.
    Ecc(Curve),
}

impl Wanted {
    /// The type and the size, which a TPM has or has not.
    pub(super) fn template(&self) -> Template {
        match self {
            Self::Given(given) => given.template(),
            Self::Rsa(bits) => Template::rsa(*bits),
            Self::Ecc(curve) => Template::ecc(*curve),
        }
    }
}

impl Order {
    /// The hash of the key's Name.
    pub(super) fn name_hash(&self) -> HashAlg {
        self.name_alg.unwrap_or(HashAlg::Sha256)
    }

    /// A template with what was asked for beside the type.
    pub(super) fn template(&self, template: Template, policy: Option<&Policy>) -> Template {
        let usage = if self.restricted { Usage::Parent } else { Usage::SignDecrypt };
        let template = template.usage(usage).name_alg(self.name_hash()).dictionary_attack_protection(self.da);
        match policy {
            Some(policy) => template.policy(policy.digest.clone()),
            None => template,
        }
    }

    /// The areas of a private key that is wrapped here.
    pub(super) fn areas(&self, given: PrivateKey) -> (Template, Sensitive) {
        let template = given.template();
        let auth_value = self.auth.as_ref().map(|auth| auth.as_value(self.name_hash())).unwrap_or_default();
        // What a parent protects its children with (Part 1 §27.7.3); other asymmetric keys have none.
        let seed_value = match self.restricted {
            true => given.seed(self.name_hash()),
            false => Zeroizing::default(),
        };
        let (kind, sensitive) = match given {
            PrivateKey::Rsa { prime, .. } => (AlgId::RSA, prime),
            PrivateKey::Ec { d, .. } => (AlgId::ECC, d),
        };
        (template, Sensitive { kind, auth_value, seed_value, sensitive })
    }

    /// The key file.
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
