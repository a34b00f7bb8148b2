//! tpm2-keytool: makes, wraps and inspects TPM keys; a busybox of the field's tools, one file per subcommand.
//!
//! | file | what |
//! |---|---|
//! | cli.rs | every name this binary answers to, and the options that all share |
//! | create.rs, create/ | `create`: the key's template, its parent, a private key to wrap |
//! | drop_in.rs, getopt.rs | what the drop-in names take beside that, and how their command lines are read |
//! | load.rs | `load`: a key that the TPM keeps |
//! | parent.rs, parent/ | the parent that was asked for, in the TPM or by its public key |
//! | policy.rs, policy/ | the options of policies, and the statements made of them |
//! | public_key.rs, input.rs | public keys, and any other file that is read |
//! | attest.rs, attest/ | `attest`: which TPM this is, and what its keys are |
//! | seal.rs, seal/, unseal.rs | `seal`, `unseal`: data that the TPM alone opens |
//! | signed.rs, signed/ | `policy`: the signed policies of a key file |
//! | reference.rs | `reference`: a file that leads to a persistent key |
//! | check.rs, check/ | `check`: whether a service can use a key |
//! | srk.rs, list.rs, list/, evict.rs | `srk`, `list`, `evict`: what the TPM keeps; persistent.rs tells a key in a few words |
//! | show.rs, show/ | `show`: a key in words |
//! | status.rs, status/ | `status`: the TPM, and what to do about it |
//! | generate.rs | `completions` and `man`, made from cli.rs |
//! | password.rs, source.rs, new_password.rs, parent_password.rs, owner_password.rs | where a password comes from |
//! | settings.rs, configured.rs, software.rs | options, openssl.cnf and environment; which of OpenSSL's providers work here |
//! | key_file.rs | a key file, one that is there or a new one |
//! | rows.rs, json.rs | names and values, aligned; output for programs |
//! | output.rs | a file that is whole or absent |
//! | interrupt.rs | Ctrl-C waits for the TPM's answer |
//! | terminal.rs | the only file that prints |
//! | error.rs, exit.rs | a cause and an advice; the exit codes |
//!
//! A new subcommand: a file with its options and a `run`, one variant of `cli::Verb`, and for a drop-in name one of `cli::Applet`.
#![deny(unsafe_code)]

mod attest;
mod check;
mod cli;
mod configured;
mod create;
mod drop_in;
mod error;
mod evict;
mod exit;
mod ffi;
mod generate;
mod getopt;
mod input;
mod interrupt;
mod json;
mod key_file;
mod list;
mod load;
mod new_password;
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
mod rows;
mod seal;
mod settings;
mod show;
mod signed;
mod software;
mod source;
mod srk;
mod status;
mod terminal;
mod unseal;

use std::process::ExitCode;

fn main() -> ExitCode {
    ffi::environment::quiet_tss();
    ffi::memory::wipe_what_openssl_frees();
    terminal::introduce(std::env::args_os().next());
    let applet = match cli::parse(std::env::args_os()) {
        Ok(applet) => applet,
        Err(answer) => return terminal::usage(&answer),
    };
    match interrupt::hold().and_then(|()| applet.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => terminal::failure(&error),
    }
}
