//! Makes the two halves of a key file: the TPM creates them, or takes over what was wrapped here.

use keyfile::{AlgId, Attributes, Curve, HashAlg, Public, PublicKey};
use tpm::template::{Storage, Template, Usage};
use tpm::{Capabilities, Parent, RawRsa, Tpm, refuses_sign_and_decrypt};

use super::order::{Order, Wanted};
use super::private_key::PrivateKey;
use crate::error::Error;
use crate::policy::Policy;
use crate::raw_rsa;
use crate::terminal::{self, Progress};

/// The TPM at work on an order.
pub(super) struct Maker<'a> {
    pub(super) tpm: &'a Tpm,
    pub(super) capabilities: &'a Capabilities,
    pub(super) parent: &'a Parent,
    pub(super) order: &'a Order,
    pub(super) policy: Option<&'a Policy>,
}

/// A public area, and the private one as the parent wrapped it.
type Halves = (Public, Vec<u8>);

impl Maker<'_> {
    /// The key that was asked for.
    ///
    /// # Errors
    /// The TPM has no such keys, or the parent's password is wrong.
    pub(super) fn make(&self, wanted: Wanted) -> Result<Halves, Error> {
        match wanted {
            Wanted::Given(given) => self.wrap(given),
            Wanted::Rsa(bits) => self.create(Template::rsa(bits)),
            Wanted::Ecc(curve) => self.create(Template::ecc(curve)),
        }
    }

    fn create(&self, template: Template) -> Result<Halves, Error> {
        self.for_both_uses(template, |public| {
            let _progress = self.progress(public);
            let made = self.tpm.create(self.parent, public, self.order.auth.as_ref())?;
            Ok((made.public, made.private))
        })
    }

    /// Encrypts a key for its parent in this process, and has the TPM take it over.
    fn wrap(&self, given: PrivateKey) -> Result<Halves, Error> {
        let (template, sensitive) = self.order.areas(given);
        self.for_both_uses(template, |public| {
            let _progress = self.progress(public);
            let (parent, _) = self.tpm.parent_public(self.parent)?;
            let duplicate = tpm::wrap(&parent, public, &sensitive).map_err(Error::Wrap)?;
            Ok((public.clone(), self.tpm.import(self.parent, &duplicate)?))
        })
    }

    /// With a public area for signing and decryption; where the TPM refuses that of RSA, for decryption alone: raw decryption signs too.
    /// Where it forbids that as well, for signing alone.
    fn for_both_uses(
        &self,
        template: Template,
        make: impl Fn(&Public) -> Result<Halves, Error>,
    ) -> Result<Halves, Error> {
        let template = self.order.template(template, self.policy);
        let both = template.clone().public();
        self.capabilities.check(&both)?;
        self.check_curve(&both)?;
        self.warn_of_no_tls(&both);
        match make(&both) {
            Err(Error::Tpm(error)) if self.may_decrypt_only(&both) && refuses_sign_and_decrypt(&error) => {
                let usage = self.only_use(&both);
                terminal::notice(match usage {
                    Usage::Sign => {
                        "warning: this TPM refuses RSA keys that sign and decrypt, and forbids raw RSA; making one that only signs: it decrypts nothing"
                    }
                    _ => {
                        "this TPM refuses RSA keys that sign and decrypt; making one that decrypts: OpenSSL signs with it, tpm2_sign does not"
                    }
                });
                make(&template.usage(usage).public())
            }
            made => made,
        }
    }

    /// A parent is used by the TPM alone, on whatever curve.
    fn check_curve(&self, key: &Public) -> Result<(), Error> {
        let PublicKey::Ecc { curve, .. } = key.key else { return Ok(()) };
        if self.order.restricted {
            return Ok(());
        }
        // OpenSSL has a key type SM2, with signatures of its own, and takes no such curve for a key of the type EC.
        if curve == Curve::Sm2P256 {
            return Err(Error::request(
                "OpenSSL cannot use an SM2 key of a TPM: the provider tpm2 has no keys of OpenSSL's type SM2",
                "take another curve, such as P-256; `create --list-curves` prints those of this TPM",
            ));
        }
        if curve.openssl_name().is_none() {
            terminal::notice(format!(
                "warning: OpenSSL does not know the curve {}, so no program can use the key through it: P-256 works",
                curve.name()
            ));
        }
        Ok(())
    }

    /// TLS 1.3 signs with the hash of the curve (RFC 8446 §4.2.3), which some TPMs lack.
    fn warn_of_no_tls(&self, key: &Public) {
        let (curve, hash) = match &key.key {
            PublicKey::Ecc { curve: Curve::P384, .. } => ("P-384", HashAlg::Sha384),
            PublicKey::Ecc { curve: Curve::P521, .. } => ("P-521", HashAlg::Sha512),
            _ => return,
        };
        if !self.order.restricted && !self.capabilities.hashes.iter().any(|has| has.size() >= hash.size()) {
            terminal::notice(format!(
                "warning: this TPM signs no digests of {hash}, so TLS 1.3 cannot use a key on {curve}: P-256 works"
            ));
        }
    }

    /// The use of an RSA key that has one only.
    fn only_use(&self, key: &Public) -> Usage {
        let PublicKey::Rsa { bits, .. } = key.key else { return Usage::Decrypt };
        match raw_rsa::try_out(self.tpm, bits) {
            Ok(RawRsa::Forbidden) => Usage::Sign,
            // One that is not found out may allow it.
            _ => Usage::Decrypt,
        }
    }

    /// An RSA key signs by decryption, too; a parent is no such key.
    fn may_decrypt_only(&self, both: &Public) -> bool {
        both.key.kind() == AlgId::RSA && !self.order.restricted
    }

    /// A line on the terminal where a real chip searches primes: an RSA key, or an RSA parent that is derived.
    fn progress(&self, key: &Public) -> Option<Progress> {
        let made_inside = key.attributes.contains(Attributes::SENSITIVE_DATA_ORIGIN);
        let what = match key.key {
            _ if self.parent.storage == Storage::Rsa2048 => {
                "deriving the hierarchy's RSA storage key; this can take a minute"
            }
            PublicKey::Rsa { .. } if made_inside => "the TPM searches primes; this can take a minute",
            _ => return None,
        };
        Some(Progress::start(what))
    }
}
