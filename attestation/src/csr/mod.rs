//! PKCS#10 requests that contain the proof for their key (draft-ietf-lamps-csr-attestation, as of June 2026).

mod bundle;
mod request;

pub use bundle::{bundle, evidence};
pub use request::{Request, assemble, to_be_signed};
