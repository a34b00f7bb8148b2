//! The user stories: one file each, against a real TPM simulator and stock `openssl`.
//!
//! They test what `make build` left in target/release; a missing or stale module fails at once and says so.
#![deny(unsafe_code)]
// In a test, and in what only tests use, a panic is the failure report.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod clean_bus;
mod core_dump;
mod cost;
mod damage;
mod decrypt;
mod derive;
mod encode;
mod enveloped;
mod ephemeral;
mod evp;
mod facts;
mod forks;
mod generate;
mod generate_where;
mod house;
mod idle;
mod import;
mod key_transport;
mod keytool;
mod keytool_attest;
mod keytool_create;
mod keytool_create_importable;
mod keytool_create_parent;
mod keytool_create_policy;
mod keytool_load;
mod keytool_pages;
mod keytool_policy;
mod keytool_seal;
mod keytool_seal_policy;
mod keytool_secrets;
mod keytool_show;
mod keytool_slow;
mod keytool_status;
mod keytool_used;
mod keytool_wrap;
mod keytool_wrong;
mod lifetimes;
mod load;
mod machine;
mod managers;
mod matching;
mod no_tpm;
mod old_label;
mod oracle;
mod order;
mod peers;
mod pki;
mod policy;
mod policy_left;
mod policy_password;
mod policy_signed;
mod programs;
mod prompts;
mod pytss;
mod reach;
mod resets;
mod restricted;
mod sample;
mod sign;
mod store;
mod store_nv;
mod store_peers;
mod store_programs;
mod store_reference;
mod tabrmd;
mod threads;
mod tls;
mod transport_certificate;
