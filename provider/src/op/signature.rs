//! SIGNATURE: TPM2-RSA and TPM2-ECDSA, one context for both; what differs is a [`Scheme`]. Algorithms that name their digest
//! (RSA-SHA256) begin the same context with it.
//!
//! A software key and every verification are forwarded whole to the private context. A signature in the TPM keeps a
//! *shadow* there: a verify operation of the public key that is given every parameter of the caller. So OpenSSL parses
//! each spelling and answers get_params and algorithm-id, typed values are read from it when the signature is made, and
//! the result can be verified under exactly the parameters that were asked for.

mod context;
mod der;
pub(crate) mod digest;
mod ecdsa;
#[cfg(test)]
mod fake;
mod label;
mod limit;
mod message;
mod named;
mod padding;
mod rsa;
mod salt;
mod shadow;
mod tpm_scheme;

use std::sync::OnceLock;

use keyfile::{AlgId, Attributes, HashAlg};

use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::{Digest, Pkey};
use crate::ffi::params::{Descriptors, Params};
use crate::private::{Answer, Private, TpmSalt};

pub(crate) use context::SignatureContext;
pub(crate) use ecdsa::Ecdsa;
pub(crate) use named::NamedContext;
pub(crate) use rsa::Rsa;
use shadow::Shadow;

/// What differs between the kinds of keys.
pub(crate) trait Scheme: 'static {
    /// True if a signature needs no parameters.
    const IS_PLAIN: bool;

    /// What a signature of this kind may be told; once a message is under way its digest stays.
    fn settable(in_message: bool) -> &'static Descriptors;
    /// What it answers.
    fn gettable() -> &'static Descriptors;

    /// Refuses what software would do and the TPM cannot.
    ///
    /// # Errors
    /// Names the parameter.
    fn refuse(params: Params<'_>) -> Result<()>;

    /// Refuses a digest that the key does not sign, before a message is begun: so libssl finds out which signatures a key
    /// makes (EVP_PKEY_digestsign_supports_digest(3ossl)).
    ///
    /// # Errors
    /// Names the digests that it signs.
    fn accepts(key: &dyn Private, public: &Pkey, digest: &Digest) -> Result<()>;

    /// Settles what the caller left open and the TPM decides, before the algorithm identifier names it. `salt` keeps what was
    /// found out.
    ///
    /// # Errors
    /// The TPM refuses.
    fn settle(key: &dyn Private, public: &Pkey, shadow: &mut Shadow, salt: &OnceLock<TpmSalt>) -> Result<()>;

    /// Makes a signature in the TPM.
    ///
    /// # Errors
    /// Padding, digest and key do not go together, or the TPM refuses.
    fn sign(request: Request<'_>) -> Result<Vec<u8>>;
}

/// All that a signature in the TPM is made of.
pub(crate) struct Request<'a> {
    key: &'a dyn Private,
    public: &'a Pkey,
    shadow: &'a mut Shadow,
    /// The digest, or, without an algorithm, any bytes.
    digest: &'a [u8],
    algorithm: Option<&'a Digest>,
    /// The message, which a restricted key wants to see.
    message: Option<&'a [u8]>,
}

impl Request<'_> {
    /// TPM2_Sign, of the digest as it is labelled, or for a restricted key of the message.
    fn sign(&self, digest: &[u8], hash: HashAlg, scheme: AlgId) -> Result<Answer<keyfile::Signature>> {
        if !is_restricted(self.key) {
            return self.key.sign(digest, hash, scheme);
        }
        let text = match self.message {
            Some(message) if self.algorithm.and_then(tpm_hash) == Some(hash) => {
                return self.key.sign_message(message, hash, scheme);
            }
            Some(_) => return Err(restricted_to(hash)),
            None => {
                "the key is restricted to what the TPM hashed itself: let it sign the message (dgst -sign, pkeyutl -rawin, cms without -noattr)"
            }
        };
        Err(Error::new(Reason::Digest, text))
    }
}

fn restricted_to(hash: HashAlg) -> Error {
    Error::new(Reason::Digest, format!("the key is restricted to {hash}: ask for that digest"))
}

/// The hash of the TPM that is this digest.
pub(crate) fn tpm_hash(digest: &Digest) -> Option<HashAlg> {
    match missing::Digest::from_name(digest.name())? {
        missing::Digest::Sha1 => Some(HashAlg::Sha1),
        missing::Digest::Sha256 => Some(HashAlg::Sha256),
        missing::Digest::Sha384 => Some(HashAlg::Sha384),
        missing::Digest::Sha512 => Some(HashAlg::Sha512),
        _ => None,
    }
}

/// Whether the key signs only what the TPM hashed itself.
fn is_restricted(private: &dyn Private) -> bool {
    private.public().attributes.contains(Attributes::RESTRICTED)
}
