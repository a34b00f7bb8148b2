//! Safe OpenSSL in the private context: digests, public keys, software keys.
//!
//! Every constructor takes the [`PrivateContext`]. Nothing here may reach the application's default context:
//! if tpm2 is first in its list of providers, a call there comes back to this provider until the stack
//! overflows. So no function without a library context is used.
//!
//! Safety of this folder: an `Owned` frees its object once, by the function of the libcrypto that made it. A
//! wrapper declares the `Arc` of the private context below its pointer, so that the pointer is dropped first.
//! libcrypto's reference counts are atomic. Several threads may use an EVP_PKEY, EVP_MD or OSSL_LIB_CTX as
//! long as no thread changes it (openssl-threads(7)). The _CTX types belong to one caller at a time, which
//! `&mut` ensures.

mod context;
mod digest;
mod encoder;
mod export;
mod generate;
mod name;
mod operation;
mod options;
mod owned;
mod pkey;
mod queue;
mod random;
pub(crate) mod rsa_padding;
mod selection;
mod signer;

pub(in crate::ffi) use context::active;
pub(crate) use context::{PrivateContext, Providers};
pub(crate) use digest::{Digest, Hasher};
pub(crate) use encoder::Form;
pub(crate) use generate::Generator;
pub(crate) use name::is_same_name;
pub(crate) use operation::{Operation, Purpose, Verdict};
pub(crate) use options::Options;
pub(in crate::ffi) use owned::Owned;
pub(crate) use pkey::{Pkey, Restrictions};
pub(crate) use queue::Refused;
pub(crate) use random::random;
pub(crate) use selection::Selection;
pub(crate) use signer::{Direction, Signer};
