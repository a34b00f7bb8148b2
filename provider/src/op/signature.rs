//! SIGNATURE: TPM2-RSA and TPM2-ECDSA. Both have the same context and differ in a [`Scheme`]. Algorithms that
//! name their digest (RSA-SHA256) initialize the same context with it.
//!
//! Operations of software keys and all verifications run in the private context. A signature in the TPM keeps
//! a *shadow* there: a verify operation of the public key, which gets every parameter of the caller. OpenSSL
//! parses each spelling and answers get_params and algorithm-id. Typed values are read from the shadow when
//! the signature is made, and the shadow can verify the result under exactly the requested parameters.

mod context;
pub(super) mod der;
pub(crate) mod digest;
mod ecdsa;
#[cfg(test)]
mod fake;
mod message;
mod named;
mod padding;
mod rsa;
mod shadow;

use operations::{Memory, Private};

use super::software;
use crate::error::Result;
use crate::ffi::crypto::{Digest, Pkey};
use crate::ffi::params::{Descriptors, Params};

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
    fn accepts(key: &dyn Private, digest: &Digest) -> Result<()>;

    /// Determines what the caller left open and the TPM decides, before the algorithm identifier names it.
    /// `memory` stores the result for later signatures.
    ///
    /// # Errors
    /// The TPM refuses.
    fn settle(key: &dyn Private, public: &Pkey, shadow: &mut Shadow, memory: &Memory) -> Result<()>;

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
    /// Returns the input for the crate `operations`.
    fn input(&self) -> operations::signature::Request<'_> {
        operations::signature::Request {
            key: self.key,
            public: self.public,
            digest: self.digest,
            algorithm: self.algorithm.map(software::digest),
            message: self.message,
        }
    }
}
