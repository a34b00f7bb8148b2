//! Tests the crate against a TPM simulator: one swtpm per test, often with a proxy.

// In a helper a panic is the failure report, as clippy.toml says for tests.
#![allow(clippy::panic, clippy::unwrap_used)]

mod attestation;
mod campaign;
mod certify;
mod change_auth;
mod commands;
mod copies;
mod cost;
mod cryptography;
mod failures;
mod import;
mod kit;
mod lifetimes;
mod nv;
mod persistent;
mod policy;
mod policy_cost;
mod policy_kit;
mod policy_lifetimes;
mod policy_password;
mod policy_signed;
mod process;
mod protection;
mod refused;
mod slots;
mod tabrmd;
mod unseal;
