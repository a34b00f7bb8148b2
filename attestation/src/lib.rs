//! The server half of TPM attestation, for a CA to link: verifies that a TPM holds a key before a certificate is issued for it.
//!
//! Pure: no TPM, no OpenSSL, no I/O except for random bytes, no unsafe code. A server makes [`credential::Challenge`]s, reads
//! [`Evidence`] in one of four formats, and calls [`verify()`], which returns a line for each check.
//!
//! | module | what | source |
//! |---|---|---|
//! | [`webauthn`] | the attestation object with format `tpm` | W3C Web Authentication Level 3 §8.3 |
//! | [`acme`] | the attestation object of the challenge device-attest-01 | draft-ietf-acme-device-attest |
//! | [`csr`] | a PKCS#10 request with the attribute id-aa-attestation | draft-ietf-lamps-csr-attestation |
//! | [`tpm2`] | TPM2B_ATTEST and TPMT_SIGNATURE in files, as tpm2-tools write them | TPM 2.0 Part 2 §10.12.13 |
//! | [`credential`] | credentials, which only a TPM with two certain keys can open | TPM 2.0 Part 1 §24 |
//! | [`certificates`] | certificates of attestation keys and endorsement keys, and their chains | WebAuthn §8.3.1; TCG EK credential profile |
//! | [`signature`] | signatures: their three forms, and their verification | TPM 2.0 Part 2 §11.3 |
//! | [`cose`] | the algorithm numbers of the CBOR formats | IANA COSE registry |
//! | [`verify()`] | the checks | all |

#![forbid(unsafe_code)]

pub mod acme;
mod cbor;
pub mod certificates;
pub mod cose;
pub mod credential;
pub mod csr;
mod error;
mod evidence;
pub mod signature;
mod statement;
pub mod tpm2;
mod verify;
pub mod webauthn;

pub use error::Malformed;
pub use evidence::Evidence;
pub use statement::Statement;
pub use verify::{Algorithms, Check, Expected, Outcome, Report, Subject, Trust, verify};
