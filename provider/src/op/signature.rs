//! SIGNATURE: TPM2-RSA and TPM2-ECDSA. Both have the same context and differ in a [`Scheme`]. Algorithms that
//! name their digest (RSA-SHA256) initialize the same context with it.
//!
//! Operations of software keys and all verifications run in the private context. A signature in the TPM keeps
//! a *shadow* there: a verify operation of the public key, which gets every parameter of the caller. OpenSSL
//! parses each spelling and answers get_params and algorithm-id. Typed values are read from the shadow when
//! the signature is made, and the shadow can verify the result under exactly the requested parameters.

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

/// The differences between RSA and ECDSA.
pub(crate) trait Scheme: 'static {
    /// True if a signature needs no parameters.
    const IS_PLAIN: bool;

    /// The parameters that can be set. During a message its digest cannot be changed.
    fn settable(in_message: bool) -> &'static Descriptors;
    /// The parameters that can be read.
    fn gettable() -> &'static Descriptors;

    /// Refuses parameters that software supports and the TPM does not.
    ///
    /// # Errors
    /// The text names the parameter.
    fn refuse(params: Params<'_>) -> Result<()>;

    /// Refuses a digest that the key cannot sign, before a message begins. This is how libssl learns which
    /// signatures a key can make (EVP_PKEY_digestsign_supports_digest(3ossl)).
    ///
    /// # Errors
    /// The text names the digests that the key signs.
    fn accepts(key: &dyn Private, public: &Pkey, digest: &Digest) -> Result<()>;

    /// Determines what the caller left open and the TPM decides, before the algorithm identifier names it.
    /// `salt` stores the result for later signatures.
    ///
    /// # Errors
    /// The TPM refuses.
    fn settle(key: &dyn Private, public: &Pkey, shadow: &mut Shadow, salt: &OnceLock<TpmSalt>) -> Result<()>;

    /// Makes a signature in the TPM.
    ///
    /// # Errors
    /// Padding, digest and key do not fit together, or the TPM refuses.
    fn sign(request: Request<'_>) -> Result<Vec<u8>>;
}

/// The input of a signature in the TPM.
pub(crate) struct Request<'a> {
    key: &'a dyn Private,
    public: &'a Pkey,
    shadow: &'a mut Shadow,
    /// The digest; without an algorithm, any bytes.
    digest: &'a [u8],
    algorithm: Option<&'a Digest>,
    /// The message, which a restricted key needs.
    message: Option<&'a [u8]>,
}

impl Request<'_> {
    /// Runs TPM2_Sign on the labelled digest, or on the message if the key is restricted.
    fn sign(&self, digest: &[u8], hash: HashAlg, scheme: AlgId) -> Result<Answer<keyfile::Signature>> {
        if !is_restricted(self.key) {
            return self.key.sign(digest, hash, scheme);
        }
        let text = match self.message {
            Some(message) if self.algorithm.and_then(tpm_hash) == Some(hash) => {
                return self.key.sign_message(message, hash, scheme);
            }
            Some(_) => return Err(restricted_to(hash)),
            None => "the key is restricted to messages that the TPM hashed itself",
        };
        let hint = "sign the message, not its digest (dgst -sign, pkeyutl -rawin, cms without -noattr)";
        Err(Error::new(Reason::Digest, text).with_hint(hint))
    }
}

fn restricted_to(hash: HashAlg) -> Error {
    Error::new(Reason::Digest, format!("the key is restricted to {hash}")).with_hint("use that digest")
}

/// The TPM's hash for this digest.
pub(crate) fn tpm_hash(digest: &Digest) -> Option<HashAlg> {
    match missing::Digest::from_name(digest.name())? {
        missing::Digest::Sha1 => Some(HashAlg::Sha1),
        missing::Digest::Sha256 => Some(HashAlg::Sha256),
        missing::Digest::Sha384 => Some(HashAlg::Sha384),
        missing::Digest::Sha512 => Some(HashAlg::Sha512),
        _ => None,
    }
}

/// Returns true if the key signs only messages that the TPM hashed itself.
fn is_restricted(private: &dyn Private) -> bool {
    private.public().attributes.contains(Attributes::RESTRICTED)
}
