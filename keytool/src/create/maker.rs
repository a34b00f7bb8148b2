//! Makes the public and the private part of a key file: the TPM creates them, or imports a key that was wrapped here.

use keyfile::{AlgId, Attributes, Curve, HashAlg, Public, PublicKey};
use tpm::template::{Storage, Template, Usage};
use tpm::{Capabilities, Parent, RawRsa, Tpm, refuses_sign_and_decrypt};

use super::order::{Order, Wanted};
use super::private_key::PrivateKey;
use crate::error::Error;
use crate::policy::Policy;
use crate::raw_rsa;
use crate::terminal::{self, Progress};

/// The TPM and everything needed to make the key of an order.
pub(super) struct Maker<'a> {
    pub(super) tpm: &'a Tpm,
    pub(super) capabilities: &'a Capabilities,
    pub(super) parent: &'a Parent,
    pub(super) order: &'a Order,
    pub(super) policy: Option<&'a Policy>,
}

/// A public area, and the private area encrypted by the parent.
type Halves = (Public, Vec<u8>);

impl Maker<'_> {
    /// Makes the requested key.
    ///
    /// # Errors
    /// The TPM does not support the key, or the parent's password is wrong.
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

    /// Encrypts a key for its parent in this process, and imports it.
    fn wrap(&self, given: PrivateKey) -> Result<Halves, Error> {
        let (template, sensitive) = self.order.areas(given);
        self.for_both_uses(template, |public| {
            let _progress = self.progress(public);
            let (parent, _) = self.tpm.parent_public(self.parent)?;
            let duplicate = tpm::wrap(&parent, public, &sensitive).map_err(Error::Wrap)?;
            Ok((public.clone(), self.tpm.import(self.parent, &duplicate)?))
        })
    }

    /// Calls `make` with a public area for signing and decryption. If the TPM refuses this for RSA, calls it with one for decryption only,
    /// because raw decryption also signs; if the TPM forbids raw RSA, with one for signing only.
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
                        "warning: this TPM refuses RSA keys that sign and decrypt, and forbids raw RSA; making a key that only signs and cannot decrypt"
                    }
                    _ => {
                        "this TPM refuses RSA keys that sign and decrypt; making a key that decrypts: OpenSSL can sign with it, tpm2_sign cannot"
                    }
                });
                make(&template.usage(usage).public())
            }
            made => made,
        }
    }

    /// Checks that OpenSSL can use the curve. Any curve is fine for a parent, because only the TPM uses it.
    ///
    /// # Errors
    /// The curve is SM2.
    fn check_curve(&self, key: &Public) -> Result<(), Error> {
        let PublicKey::Ecc { curve, .. } = key.key else { return Ok(()) };
        if self.order.restricted {
            return Ok(());
        }
        // OpenSSL has a separate key type SM2 with its own signatures, and refuses this curve for the type EC.
        if curve == Curve::Sm2P256 {
            return Err(Error::request(
                "OpenSSL cannot use an SM2 key of a TPM: the provider tpm2 does not support OpenSSL's key type SM2",
                "use another curve, such as P-256; `create --list-curves` lists the curves of this TPM",
            ));
        }
        if curve.openssl_name().is_none() {
            terminal::notice(format!(
                "warning: OpenSSL does not know the curve {}, so no program can use the key through OpenSSL: use P-256",
                curve.name()
            ));
        }
        Ok(())
    }

    /// Warns if TLS 1.3 cannot use the key: it signs with the hash of the curve (RFC 8446 §4.2.3), which some TPMs lack.
    fn warn_of_no_tls(&self, key: &Public) {
        let (curve, hash) = match &key.key {
            PublicKey::Ecc { curve: Curve::P384, .. } => ("P-384", HashAlg::Sha384),
            PublicKey::Ecc { curve: Curve::P521, .. } => ("P-521", HashAlg::Sha512),
            _ => return,
        };
        if !self.order.restricted && !self.capabilities.hashes.iter().any(|has| has.size() >= hash.size()) {
            terminal::notice(format!(
                "warning: this TPM cannot sign {hash} digests, so TLS 1.3 cannot use a key on {curve}: use P-256"
            ));
        }
    }

    /// Returns the use of an RSA key that can have only one.
    fn only_use(&self, key: &Public) -> Usage {
        let PublicKey::Rsa { bits, .. } = key.key else { return Usage::Decrypt };
        match raw_rsa::try_out(self.tpm, bits) {
            Ok(RawRsa::Forbidden) => Usage::Sign,
            // If the test fails, the TPM may still allow raw RSA.
            _ => Usage::Decrypt,
        }
    }

    /// Returns true if a key for decryption only can replace this one: an RSA key that is not a parent.
    fn may_decrypt_only(&self, both: &Public) -> bool {
        both.key.kind() == AlgId::RSA && !self.order.restricted
    }

    /// Shows a progress line if a real chip must search for primes: for a new RSA key, or to derive an RSA parent.
    fn progress(&self, key: &Public) -> Option<Progress> {
        let made_inside = key.attributes.contains(Attributes::SENSITIVE_DATA_ORIGIN);
        let what = match key.key {
            _ if self.parent.storage == Storage::Rsa2048 => {
                "deriving the hierarchy's RSA storage key; this can take a minute"
            }
            PublicKey::Rsa { .. } if made_inside => "the TPM is searching for primes; this can take a minute",
            _ => return None,
        };
        Some(Progress::start(what))
    }
}
