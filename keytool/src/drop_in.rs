//! The tool names of openssl_tpm2_engine: the options that they accept in addition to those of the subcommands, as version 4.3 does.

use std::ffi::OsString;

use clap::builder::Resettable;
use clap::error::ErrorKind;
use clap::{Arg, Command};

use crate::getopt;

/// The original long options of each tool. Their abbreviations keep their meaning.
const TOOLS: [(&str, &[&str]); 6] = [
    (
        "create_tpm2_key",
        &[
            "auth",
            "auth-parent",
            "da",
            "deprecated",
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

/// Adds the options of these tools to the binary's command.
pub(crate) fn adapted(command: Command) -> Command {
    // If an option is given twice, the last one counts.
    let command = TOOLS.iter().fold(command, |command, (name, _)| {
        command.mut_subcommand(name, |tool| tool.args_override_self(true))
    });
    command
        .mut_subcommand("create_tpm2_key", |tool| {
            // The options for the type do not apply to a wrapped key, and are ignored.
            tool.mut_arg("wrap", |wrap| wrap.conflicts_with(Resettable::Reset).conflicts_with("key_size"))
                .mut_arg("key_size", |size| size.conflicts_with(Resettable::Reset))
        })
        .mut_subcommand("seal_tpm2_data", |tool| {
            tool.mut_arg("key_policy", |policy| policy.visible_alias("policy"))
        })
        .mut_subcommand("signed_tpm2_policy", |tool| tool.arg(engine()))
}

/// Returns the option --engine. The original tool accepts it, but never signs with an engine.
fn engine() -> Arg {
    Arg::new("engine")
        .short('e')
        .long("engine")
        .value_name("ENGINE")
        .help("Accepted and ignored")
        .display_order(903)
}

/// Rewrites the arguments of a drop-in name for clap. Arguments of other names are returned unchanged.
///
/// # Errors
/// An abbreviation fits several options.
pub(crate) fn expanded(
    command: &Command,
    name: &str,
    arguments: impl Iterator<Item = OsString>,
) -> Result<Vec<OsString>, clap::Error> {
    let Some((_, originals)) = TOOLS.iter().find(|(tool, _)| *tool == name) else {
        return Ok(arguments.collect());
    };
    let mut command = command.clone();
    command.build();
    let Some(tool) = command.find_subcommand_mut(name) else { return Ok(arguments.collect()) };
    getopt::expanded(tool, originals, arguments)
        .map_err(|ambiguous| tool.error(ErrorKind::UnknownArgument, ambiguous.to_string()))
}
