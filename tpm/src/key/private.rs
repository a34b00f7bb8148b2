//! What only the holder of the private half can do: sign, decrypt, agree on a secret, unseal.

use keyfile::{AlgId, HashAlg, Point, PublicKey, Scheme, Signature, Ticket};
use zeroize::Zeroizing;

use super::{Answer, Key, block};
use crate::command::{asymmetric, hash, object, signature};
use crate::error::{Error, ErrorKind};
use crate::rc::ResponseCode;

/// What an operation with the bare RSA key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The result is public.
    Signature,
    /// The result is secret.
    Decryption,
}

impl Key {
    /// Signs a digest that is as long as `hash` makes them (TPM2_Sign). With the scheme of the key itself, `scheme` is NULL.
    ///
    /// # Errors
    /// The TPM refuses, for instance the password, the scheme or the policy.
    pub fn sign(&self, digest: &[u8], hash: HashAlg, scheme: AlgId) -> Result<Answer<Signature>, Error> {
        self.sign_with(digest, &Ticket::null(Ticket::HASHCHECK), hash, scheme)
    }

    /// Signs a message that the TPM hashes itself, the only thing that a restricted signing key does (Part 3 §20.2).
    ///
    /// # Errors
    /// As [`Key::sign`]; and a message that begins like a structure of the TPM's own (TPM_GENERATED_VALUE) is refused.
    pub fn sign_message(
        &self,
        message: &[u8],
        hash: HashAlg,
        scheme: AlgId,
    ) -> Result<Answer<Signature>, Error> {
        self.0.check_usable()?;
        let (digest, ticket) = self.0.tpm.operate(|connection| hash::hash(connection, message, hash))?;
        self.sign_with(&digest, &ticket, hash, scheme)
    }

    fn sign_with(
        &self,
        digest: &[u8],
        ticket: &Ticket,
        hash: HashAlg,
        scheme: AlgId,
    ) -> Result<Answer<Signature>, Error> {
        self.operate(Purpose::Signature, |connection, key, protect| {
            let signature = signature::sign(connection, key, (digest, ticket), scheme, hash, protect)?;
            self.with_zeros(signature)
        })
    }

    /// An RSA signature as long as the modulus (RFC 8017 §8.1.1): some TPMs cut zeros in front.
    fn with_zeros(&self, signature: Signature) -> Result<Signature, Error> {
        match (signature, &self.0.public.key) {
            (Signature::Rsa { scheme, hash, octets }, PublicKey::Rsa { modulus, .. }) => {
                let octets = block::whole(Zeroizing::new(octets), modulus.len())?.to_vec();
                Ok(Signature::Rsa { scheme, hash, octets })
            }
            (signature, _) => Ok(signature),
        }
    }

    /// The bare private operation for a signature (TPM2_RSA_Decrypt without scheme): the block is as long as the modulus, and padded.
    ///
    /// # Errors
    /// The block has the wrong size or is not below the modulus, or the TPM refuses.
    pub fn rsa_sign(&self, block: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>, Error> {
        self.rsa(block, Purpose::Signature)
    }

    /// The bare private operation for a decryption: the same, but the answer is secret, and never unprotected.
    ///
    /// # Errors
    /// As [`Key::rsa_sign`].
    pub fn rsa_decrypt(&self, block: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>, Error> {
        self.rsa(block, Purpose::Decryption)
    }

    /// Returns true if the TPM was found to forbid the bare private operation: [`Key::rsa_sign`] and [`Key::rsa_decrypt`] fail.
    #[must_use]
    pub fn forbids_raw_rsa(&self) -> bool {
        self.0.tpm.raw_rsa().is_forbidden()
    }

    /// Returns true if the bare private operation is known to work.
    #[must_use]
    pub fn allows_raw_rsa(&self) -> bool {
        self.0.tpm.raw_rsa().is_allowed()
    }

    /// Decrypts by a scheme, NULL for the one that the key was made for; the TPM removes the padding. A label (OAEP) ends with a zero
    /// octet. `None` is a wrong padding.
    ///
    /// # Errors
    /// The ciphertext has the wrong size or is not below the modulus; or the TPM refuses.
    pub fn rsa_decrypt_by_scheme(
        &self,
        ciphertext: &[u8],
        scheme: Scheme,
        label: &[u8],
    ) -> Result<Option<Answer<Zeroizing<Vec<u8>>>>, Error> {
        block::check(ciphertext, &self.0.public)?;
        // The commands after a wrong padding are those after a right one (implicit rejection): a failure ends the sessions.
        let hides = [scheme, self.0.public.key.scheme().unwrap_or_default()].contains(&Scheme::Rsaes);
        let answer = self.operate(Purpose::Decryption, |connection, key, protect| {
            let protect = if hides { protect.kept() } else { protect };
            let message = asymmetric::rsa_decrypt(connection, key, ciphertext, (scheme, label), protect)?;
            if hides {
                connection.distrust();
            }
            Ok(message)
        });
        // libtpms answers a wrong padding by TPM_RC_FAILURE, as a TPM does that has failed.
        let works = || self.0.tpm.test_result().is_ok_and(|(code, _)| code.base() != ResponseCode::FAILURE);
        let asked = hides.then(works);
        match answer {
            Err(error) if error.is_wrong_padding(|| asked.unwrap_or_else(works)) => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// The data of a sealed object (TPM2_Unseal).
    ///
    /// # Errors
    /// It is a key and not sealed data; or the TPM refuses, for instance the password or the policy.
    pub fn unseal(&self) -> Result<Answer<Zeroizing<Vec<u8>>>, Error> {
        if !matches!(self.0.public.key, PublicKey::KeyedHash { .. }) {
            return Err(Error::new(ErrorKind::Input, "it is a key, and not sealed data").on(&*self.0));
        }
        self.operate(Purpose::Decryption, |connection, key, protect| object::unseal(connection, key, protect))
    }

    /// The private half times a point (TPM2_ECDH_ZGen).
    ///
    /// # Errors
    /// The point is not on the curve, or the TPM refuses.
    pub fn ecdh_zgen(&self, x: &[u8], y: &[u8]) -> Result<Answer<Point>, Error> {
        let point = Point { x: x.to_vec(), y: y.to_vec() };
        self.operate(Purpose::Decryption, |connection, key, protect| {
            asymmetric::ecdh_zgen(connection, key, &point, protect)
        })
    }

    fn rsa(&self, block: &[u8], purpose: Purpose) -> Result<Answer<Zeroizing<Vec<u8>>>, Error> {
        block::check(block, &self.0.public)?;
        let raw = || {
            self.operate(purpose, |connection, key, protect| {
                let message = asymmetric::rsa_decrypt(connection, key, block, (Scheme::Null, &[]), protect)?;
                block::whole(message, block.len())
            })
        };
        // Nobody vouches for an error: only a second refusal is believed.
        let result = raw().or_else(|error| if self.is_raw_refused(&error) { raw() } else { Err(error) });
        match &result {
            Ok(_) => self.0.tpm.raw_rsa().note(true),
            Err(error) if self.is_raw_refused(error) => self.0.tpm.raw_rsa().note(false),
            Err(_) => {}
        }
        result
    }

    /// Returns true if the TPM refused the bare operation as such, to a key that has no scheme of its own (Part 3 §14.3, TPM_RC_SCHEME).
    fn is_raw_refused(&self, error: &Error) -> bool {
        self.0.public.key.scheme() == Some(Scheme::Null) && error.base_code() == Some(ResponseCode::SCHEME)
    }
}
