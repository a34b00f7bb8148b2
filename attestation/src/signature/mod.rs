//! Signatures: three forms of one, and their verification with public keys only.
//!
//! | form | RSA | ECDSA | used by |
//! |---|---|---|---|
//! | TPMT_SIGNATURE | scheme, hash, bytes | scheme, hash, r, s | TPM, ACME, CSR |
//! | bare | bytes | DER | WebAuthn, X.509 |

mod bare;
mod public;

pub use bare::{from_bare, to_bare};
pub(crate) use public::verify_rsa;
pub use public::{is_key, verify};
