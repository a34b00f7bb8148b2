//! The user stories: one file each, against a real TPM simulator and stock `openssl`.
//!
//! They test the files that `make build` left in target/release; a missing or stale module is an error with that message.
#![deny(unsafe_code)]
// In a test, and in code that only tests use, a panic is the failure report.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used
)]

mod async_jobs;
mod bare_der;
mod chips;
mod clean_bus;
mod command_counts;
mod core_dump;
mod damage;
mod decrypt;
mod deps;
mod derive;
mod documents;
mod encode;
mod enrol;
mod enrolment_verifiers;
mod enveloped;
mod ephemeral;
mod evp;
mod examples;
mod facts;
mod fips;
mod foreign;
mod forks;
mod generate;
mod generate_where;
mod house;
mod idle;
mod import;
mod install;
mod install_configuration;
mod install_others;
mod interposer;
mod key_transport;
mod keytool;
mod keytool_attest;
mod keytool_bench;
mod keytool_check;
mod keytool_create;
mod keytool_create_importable;
mod keytool_create_parent;
mod keytool_create_persistent;
mod keytool_create_policy;
mod keytool_enrol;
mod keytool_exit;
mod keytool_getopt;
mod keytool_json;
mod keytool_leaf;
mod keytool_list;
mod keytool_load;
mod keytool_overwrite;
mod keytool_pages;
mod keytool_policy;
mod keytool_prompts;
mod keytool_seal;
mod keytool_seal_policy;
mod keytool_secrets;
mod keytool_show;
mod keytool_slow;
mod keytool_srk;
mod keytool_status;
mod keytool_token;
mod keytool_used;
mod keytool_wrap;
mod keytool_wrong;
mod libcryptos;
mod lifetimes;
mod load;
mod machine;
mod managers;
mod manual;
mod matching;
mod no_tpm;
mod node;
mod old_label;
mod oracle;
mod order;
mod other_primary;
mod peers;
mod pkcs11;
mod pki;
mod policy;
mod policy_left;
mod policy_password;
mod policy_signed;
mod programs;
mod prompts;
mod pytss;
mod random;
mod raw_rsa;
mod raw_rsa_padding;
mod resets;
mod restricted;
mod resumed_sessions;
mod revocation_list;
mod same_as_software;
mod sample;
mod settings;
mod settings_needed;
mod sign;
mod signals;
mod store;
mod store_attach;
mod store_nv;
mod store_peers;
mod store_programs;
mod store_reference;
mod tabrmd;
mod tcti;
mod threads;
mod tls;
mod transient;
mod transport_certificate;
mod waiting;
mod web_servers;
mod without_default;
mod wrong_password;
