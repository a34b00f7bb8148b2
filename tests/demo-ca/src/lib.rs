//! A certification authority for tests. It issues certificates only for keys that are proven to be in a TPM, and logs every check.
//! It is no product: it forgets everything when it ends, and its root key is in memory.
//!
//! Two doors lead to a certificate:
//!
//! | door | for | proof | source |
//! |---|---|---|---|
//! | `/acme/…` | a key | the statement of a certified attestation key: ACME with the challenge device-attest-01 | RFC 8555, draft-ietf-acme-device-attest |
//! | `/enrolment/…` | an attestation key | its TPM opens a credential for the key of an EK certificate; a protocol of this CA only | TPM 2.0 Part 1 §24 |
//!
//! | module | what |
//! |---|---|
//! | `options`, `log` | whom the CA trusts, and what it prints |
//! | `server`, `routes` | HTTP on 127.0.0.1, and who answers which path |
//! | `jws`, `jwk`, `nonces` | signed requests (RFC 7515, RFC 8555 §6) |
//! | `account`, `order`, `challenge`, `finalize` | the ACME resources (RFC 8555 §7) |
//! | `enrolment` | credential activation |
//! | `authority`, `names`, `keys` | the root and the certificates |
//! | `answer`, `problem` | responses, and those that report an error |

#![forbid(unsafe_code)]

mod account;
mod answer;
mod authority;
mod challenge;
mod encoding;
mod enrolment;
mod finalize;
mod jwk;
mod jws;
mod keys;
mod log;
mod names;
mod nonces;
mod options;
mod order;
mod problem;
mod routes;
mod server;

pub use options::Options;
pub use server::DemoCa;
