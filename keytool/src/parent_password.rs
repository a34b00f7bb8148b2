//! The options for the password of a parent, spelled as in other TPM tools.

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};

use crate::error::Error;
use crate::password::{Passwords, Secret};
use crate::source::Source;

/// -b and --passparent.
#[derive(Args)]
pub(crate) struct ParentPassword {
    /// The password of the parent, or of its hierarchy
    ///
    /// It is visible in the process list while the command runs, and may be saved in the shell's history. Prefer --passparent.
    #[arg(short = 'b', long, value_name = "PWD", value_parser = OsStringValueParser::new().map(Secret::from))]
    auth_parent: Option<Secret>,

    /// The source of the parent's password: pass:PASSWORD, env:NAME, file:PATH, fd:NUMBER, stdin or prompt
    ///
    /// The same as -passin of openssl: the first line is read. prompt asks on the terminal. If several passwords come from the same source, each takes one line.
    #[arg(long, value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(Source::parse), conflicts_with = "auth_parent")]
    passparent: Option<Source>,
}

impl ParentPassword {
    /// Returns the password, if one is given. An empty one counts as given, too: it has precedence over the setting.
    ///
    /// # Errors
    /// The source has no password.
    pub(crate) fn given(&self, passwords: &mut Passwords) -> Result<Option<Secret>, Error> {
        let (password, source) = (self.auth_parent.as_ref(), self.passparent.as_ref());
        passwords.given(password, source, "password of the parent")
    }
}
