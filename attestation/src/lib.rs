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
//!
//! # Issue a certificate
//!
//! The client sends a request that contains the evidence. Its attestation key has a certificate that an authority issued earlier.
//!
//! ```
//! use attestation::csr::Request;
//! use attestation::{Algorithms, Expected, Report, Trust, verify};
//!
//! fn check(request: &[u8], nonce: &[u8], ak_roots: &[Vec<u8>], now: u64) -> Result<Report, attestation::Malformed> {
//!     let request = Request::read(request)?;
//!     Ok(verify(&request.evidence, &Expected {
//!         trust: Trust::Certificate { roots: ak_roots },
//!         extra_data: nonce,
//!         request: Some((&request.key, request.is_signed)),
//!         identifier: request.common_name.as_deref(),
//!         time: now,
//!         algorithms: &Algorithms::default(),
//!     }))
//! }
//!
//! match check(b"not a request", &[7; 32], &[], 1_796_083_200) {
//!     Ok(report) if report.is_accepted() => println!("issue"),
//!     // One line for each check, such as "refused: extra-data: it contains another nonce".
//!     Ok(report) => report.checks().iter().for_each(|check| println!("{check}")),
//!     Err(problem) => assert_eq!(problem.to_string().split(':').next(), Some("the request cannot be read")),
//! }
//! ```
//!
//! # Trust an attestation key
//!
//! An attestation key without a certificate is trusted if its TPM opens a credential: only the TPM of the EK certificate can, and only if it
//! holds this attestation key.
//!
//! ```
//! use attestation::certificates::Certificate;
//! use attestation::credential::{Challenge, to_file};
//! use attestation::{Algorithms, Evidence, Expected, Report, Trust, verify};
//! use keyfile::wire::Unmarshal;
//!
//! /// Makes the challenge to keep, and the file to send, for an EK certificate and the TPMT_PUBLIC of the attestation key.
//! fn challenge(ek: &[u8], ak: &[u8]) -> Result<(Challenge, Vec<u8>), Box<dyn std::error::Error>> {
//!     let ek = Certificate::parse(ek)?;
//!     let ak = keyfile::Public::from_bytes(ak)?;
//!     let (challenge, credential) = Challenge::new(&ek.key, &ak.name()?)?;
//!     Ok((challenge, to_file(&credential)?))
//! }
//!
//! /// Verifies the answer, together with a statement that the attestation key has signed.
//! fn check(evidence: &Evidence, nonce: &[u8], kept: &Challenge, answer: &[u8], ek: &[Vec<u8>], roots: &[Vec<u8>]) -> Report {
//!     verify(evidence, &Expected {
//!         trust: Trust::Activation { challenge: kept, answer, chain: ek, roots },
//!         extra_data: nonce,
//!         request: None,
//!         identifier: None,
//!         time: 1_796_083_200,
//!         algorithms: &Algorithms::default(),
//!     })
//! }
//! # assert!(challenge(b"", b"").is_err());
//! ```
//!
//! # What the server has to do
//!
//! - Make nonces and challenges itself, and accept each once. A nonce has at least 16 random bytes.
//! - Keep the roots: those of TPM makers for EK certificates, and those of its own authority, or of makers of devices, for attestation keys.
//! - Record the Name of an attestation key after a challenge, and use [`Trust::Recorded`] from then on.
//! - Check revocation, which is not done here.
//! - Limit the size of what it reads. 64 KiB is enough for every format.

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
