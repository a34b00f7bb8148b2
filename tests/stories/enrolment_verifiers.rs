//! Independent software verifies the evidence of `certify`, `request` and `challenge`, and `verify` and `activate` accept that of others.
//!
//! | file | verifier |
//! |---|---|
//! | `web_authentication` | fido2 and webauthn of PyPI |
//! | `acme` | a script with the checks of ACME servers |
//! | `tpm2_tools` | tpm2-tools and stock openssl, in both directions |
//! | `structures` | tpm2-pytss unmarshals every structure |
//! | `requests` | stock openssl reads requests |
//! | `factory` | certificates of swtpm_setup |
mod acme;
mod factory;
mod prover;
mod requests;
mod structures;
mod tpm2_tools;
mod web_authentication;
