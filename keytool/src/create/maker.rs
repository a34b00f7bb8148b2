//! Makes the two halves of a key file: the TPM creates them, or takes over what was wrapped here.

use keyfile::{AlgId, Attributes, HashAlg, Public, PublicKey, Sensitive};
use tpm::template::{Template, Usage};
use tpm::{Auth, Parent, Tpm, refuses_both_uses};
use zeroize::Zeroizing;

use super::abilities::Abilities;
use super::private_key::PrivateKey;
use crate::error::Error;
use crate::terminal::{self, Progress};

/// What all ways to a key share.
pub(crate) struct Maker<'a> {
    pub(crate) tpm: &'a Tpm,
    pub(crate) abilities: &'a Abilities,
    pub(crate) parent: &'a Parent,
    pub(crate) name_alg: HashAlg,
    pub(crate) da: bool,
}

/// A public area, and the private one as the parent wrapped it.
type Halves = (Public, Vec<u8>);

impl Maker<'_> {
    /// The TPM makes the key.
    ///
    /// # Errors
    /// It cannot, or the parent's password is wrong.
    pub(crate) fn create(&self, template: Template, auth: Option<&Auth>) -> Result<Halves, Error> {
        self.for_both_uses(template, |public| {
            let _progress = self.progress(public);
            let made = self.tpm.create(self.parent, public, auth)?;
            Ok((made.public, made.private))
        })
    }

    /// Encrypts a key for its parent in this process, and has the TPM take it over.
    ///
    /// # Errors
    /// The TPM has no such keys, or the parent's password is wrong.
    pub(crate) fn wrap(&self, given: PrivateKey, auth: Option<&Auth>) -> Result<Halves, Error> {
        let (template, kind, sensitive) = match given {
            PrivateKey::Rsa { exponent, modulus, prime } => {
                (Template::wrapped_rsa(&modulus, exponent), AlgId::RSA, prime)
            }
            PrivateKey::Ec { curve, x, y, d } => (Template::wrapped_ecc(curve, &x, &y), AlgId::ECC, d),
        };
        let auth_value = auth.map(|auth| auth.as_value(self.name_alg)).unwrap_or_default();
        let sensitive = Sensitive { kind, auth_value, seed_value: Zeroizing::default(), sensitive };
        self.for_both_uses(template, |public| {
            let _progress = self.progress(public);
            let (parent, _) = self.tpm.parent_public(self.parent)?;
            let duplicate = tpm::wrap(&parent, public, &sensitive).map_err(Error::Wrap)?;
            Ok((public.clone(), self.tpm.import(self.parent, &duplicate)?))
        })
    }

    /// With a public area for signing and decryption; where the TPM refuses that of RSA, for decryption alone: raw decryption signs too.
    fn for_both_uses(
        &self,
        template: Template,
        make: impl Fn(&Public) -> Result<Halves, Error>,
    ) -> Result<Halves, Error> {
        let template = template.name_alg(self.name_alg).dictionary_attack_protection(self.da);
        let both = template.clone().public();
        self.abilities.check(&both)?;
        match make(&both) {
            Err(Error::Tpm(error)) if both.key.kind() == AlgId::RSA && refuses_both_uses(&error) => {
                terminal::notice(
                    "this TPM refuses RSA keys that sign and decrypt; making one that decrypts: OpenSSL signs with it, tpm2_sign does not",
                );
                make(&template.usage(Usage::Decrypt).public())
            }
            made => made,
        }
    }

    /// A line on the terminal where a real chip searches primes: an RSA key, or an RSA parent that is derived.
    fn progress(&self, key: &Public) -> Option<Progress> {
        let made_inside = key.attributes.contains(Attributes::SENSITIVE_DATA_ORIGIN);
        let what = match key.key {
            _ if self.parent.rsa => "deriving the hierarchy's RSA storage key; this can take a minute",
            PublicKey::Rsa { .. } if made_inside => "the TPM searches primes; this can take a minute",
            _ => return None,
        };
        Some(Progress::start(what))
    }
}
