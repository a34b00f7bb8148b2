//! Certificates of attestation keys and of endorsement keys: what they must contain, and their chains.

mod ak;
mod algorithms;
mod certificate;
mod chain;
mod ek;
mod key;
mod san;

pub use ak::check as check_ak;
pub(crate) use algorithms::is_signed;
pub use certificate::{Certificate, from_index};
pub use chain::{Purpose, check as check_chain};
pub use ek::check as check_ek;
pub use key::public_key;
pub use san::TpmName;
