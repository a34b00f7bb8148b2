//! The names of openssl_tpm2_engine's tools: what these take beside the options of our subcommands, as version 4.3 does.

use std::ffi::OsString;

use clap::builder::Resettable;
use clap::error::ErrorKind;
use clap::{Arg, Command};

use crate::getopt;

/// The long options of each tool, whose abbreviations stay theirs.
const TOOLS: [(&str, &[&str]); 6] = [
    (
        "create_tpm2_key",
        &[
            "auth",
            "auth-parent",
            "da",
            "ecc",
            "help",
            "import",
            "key-policy",
            "key-size",
            "list-curves",
            "locality",
            "name-scheme",
            "parent-handle",
            "password",
            "pcr-lock",
            "restricted",
            "rsa",
            "secret",
            "signed-policy",
            "version",
            "wrap",
        ],
    ),
    ("load_tpm2_key", &["auth-parent", "force", "help", "version"]),
    (
        "seal_tpm2_data",
        &[
            "auth",
            "auth-parent",
            "da",
            "help",
            "import",
            "locality",
            "name-scheme",
            "nomigrate",
            "parent-handle",
            "password",
            "pcr-lock",
            "policy",
            "secret",
            "signed-policy",
            "version",
        ],
    ),
    ("unseal_tpm2_data", &["help", "password", "version"]),
    (
        "signed_tpm2_policy",
        &[
            "auth",
            "engine",
            "help",
            "key-policy",
            "locality",
            "pcr-lock",
            "policy-name",
            "secret",
            "signed-policy",
            "version",
        ],
    ),
    (
        "attest_tpm2_primary",
        &["attest", "auth", "certify", "eksign", "file", "help", "name", "outname", "password"],
    ),
];

/// Gives the command of the binary what those tools take.
pub(crate) fn adapted(command: Command) -> Command {
    // Of an option that comes twice the last one counts.
    let command = TOOLS.iter().fold(command, |command, (name, _)| {
        command.mut_subcommand(name, |tool| tool.args_override_self(true))
    });
    command
        .mut_subcommand("create_tpm2_key", |tool| {
            // The type of a key that is wrapped is its own, whatever else is said.
            tool.mut_arg("wrap", |wrap| wrap.conflicts_with(Resettable::Reset).conflicts_with("key_size"))
                .mut_arg("key_size", |size| size.conflicts_with(Resettable::Reset))
        })
        .mut_subcommand("seal_tpm2_data", |tool| {
            tool.mut_arg("key_policy", |policy| policy.visible_alias("policy"))
        })
        .mut_subcommand("signed_tpm2_policy", |tool| tool.arg(engine()))
}

/// Theirs never had the engine sign.
fn engine() -> Arg {
    Arg::new("engine")
        .short('e')
        .long("engine")
        .value_name("ENGINE")
        .help("Taken and not used")
        .display_order(903)
}

/// The words behind such a name, as clap is to read them; those behind another name stay as they are.
///
/// # Errors
/// An abbreviation fits several options.
pub(crate) fn spelled_out(
    command: &Command,
    name: &str,
    words: impl Iterator<Item = OsString>,
) -> Result<Vec<OsString>, clap::Error> {
    let Some((_, theirs)) = TOOLS.iter().find(|(tool, _)| *tool == name) else { return Ok(words.collect()) };
    let mut command = command.clone();
    command.build();
    let Some(tool) = command.find_subcommand_mut(name) else { return Ok(words.collect()) };
    getopt::spelled_out(tool, theirs, words)
        .map_err(|ambiguous| tool.error(ErrorKind::UnknownArgument, ambiguous.to_string()))
}
