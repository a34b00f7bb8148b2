//! tpm2-keytool makes, wraps and inspects TPM keys. One binary answers to several names; each subcommand has its own file.
//!
//! | file | what |
//! |---|---|
//! | cli.rs | the names of this binary, its subcommands, and the options that all of them share |
//! | create.rs, create/ | `create`: the key's template, its parent, a private key to wrap |
//! | drop_in.rs, getopt.rs | the extra options of the drop-in names, and how their command lines are read |
//! | load.rs | `load`: makes a key persistent |
//! | parent.rs, parent/ | the requested parent: a handle in the TPM, or its public key in a file |
//! | policy.rs, policy/ | the policy options, and the statements made from them |
//! | public_key.rs, certificates.rs, nonce.rs, input.rs | reads public keys, certificates, nonces and every other input file |
//! | attest.rs, attest/ | `attest`: proves which TPM this is, and which keys it holds |
//! | ak.rs, ek.rs | `ak`, `ek`: attestation keys, and endorsement keys with their certificates |
//! | certify.rs, request.rs, evidence.rs | `certify`, `request`: proofs that a key is in the TPM |
//! | challenge.rs, activate.rs | `challenge`, `activate`: both halves of credential activation |
//! | verify.rs, verify/ | `verify`: the server half of all that |
//! | seal.rs, seal/, unseal.rs | `seal`, `unseal`: data that only one TPM can open |
//! | signed.rs, signed/ | `policy`: the signed policies of a key file |
//! | reference.rs | `reference`: writes a file that refers to a persistent key |
//! | leaf.rs, leaf/ | `leaf`: short-lived certificates for software keys, signed by a CA key in the TPM |
//! | enrol.rs, enrol/ | `enrol`: certificates for keys that are proven to be in this TPM, by ACME |
//! | signer.rs, folder.rs | a key that signs certificates; the folder in which a pair is replaced |
//! | check.rs, check/ | `check`: tests whether a service can use a key |
//! | token.rs, token/ | `token`: what a program sees through the PKCS#11 module |
//! | srk.rs, list.rs, list/, evict.rs | `srk`, `list`, `evict`: the persistent objects of the TPM; persistent.rs describes one of them |
//! | show.rs, show/ | `show`: describes a key |
//! | status.rs, status/ | `status`: describes the TPM and suggests fixes |
//! | bench.rs, bench/ | `bench`: measures the TPM |
//! | generate.rs | `completions` and `man`, generated from cli.rs |
//! | password.rs, source.rs, new_password.rs, parent_password.rs, owner_password.rs | where a password comes from |
//! | settings.rs, configured.rs, software.rs | options, openssl.cnf and environment; the OpenSSL providers that this tool uses itself |
//! | key_file.rs | reads a key file, and completes a new one |
//! | opened.rs, signing.rs | opens the key of an option, and signs certificates and requests with it |
//! | rows.rs, json.rs | aligned names and values; output for programs |
//! | output.rs | writes a file completely or not at all |
//! | interrupt.rs | delays Ctrl-C until the TPM has answered |
//! | terminal.rs | the only module that prints |
//! | error.rs, exit.rs | errors with cause and hint; the exit codes |
//!
//! A new subcommand needs a file with its options and a `run` function, one variant of `cli::Verb`, and, for a drop-in name, one variant of
//! `cli::Applet`.
#![deny(unsafe_code)]

mod activate;
mod ak;
mod attest;
mod bench;
mod certificates;
mod certify;
mod challenge;
mod check;
mod cli;
mod configured;
mod create;
mod drop_in;
mod ek;
mod enrol;
mod error;
mod evict;
mod evidence;
mod exit;
mod ffi;
mod folder;
mod generate;
mod getopt;
mod input;
mod interrupt;
mod json;
mod key_file;
mod key_password;
mod leaf;
mod list;
mod load;
mod manager;
mod new_password;
mod nonce;
mod opened;
mod output;
mod owner_password;
mod parent;
mod parent_password;
mod password;
mod persistent;
mod policy;
mod public_key;
mod raw_rsa;
mod reference;
mod request;
mod rows;
mod seal;
mod settings;
mod show;
mod signed;
mod signing;
mod software;
mod source;
mod srk;
mod status;
mod terminal;
mod token;
mod unseal;
mod verify;

use std::process::ExitCode;

fn main() -> ExitCode {
    ffi::environment::quiet_tss();
    ffi::memory::wipe_what_openssl_frees();
    terminal::set_name(std::env::args_os().next());
    let applet = match cli::parse(std::env::args_os()) {
        Ok(applet) => applet,
        Err(answer) => return terminal::usage(&answer),
    };
    match interrupt::start().and_then(|()| applet.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => terminal::failure(&error),
    }
}
