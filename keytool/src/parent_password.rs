//! The options for the password of a parent, as every tool of the field spells them.

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
    /// Everybody on this machine can read it in the process list while the command runs, and the shell may keep it in its history: --passparent is better.
    #[arg(short = 'b', long, value_name = "PWD", value_parser = OsStringValueParser::new().map(Secret::from))]
    auth_parent: Option<Secret>,

    /// Where the parent's password comes from: pass:WORD, env:NAME, file:PATH, fd:NUMBER, stdin or prompt
    ///
    /// As openssl's -passin: the first line is taken. prompt asks on the terminal. When several passwords come from the same place, each takes one line.
    #[arg(long, value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(Source::parse), conflicts_with = "auth_parent")]
    passparent: Option<Source>,
}

impl ParentPassword {
    /// The password, if one is given. An empty one is given, too: a setting that says another is for other parents.
    ///
    /// # Errors
    /// Its source has none.
    pub(crate) fn given(&self, passwords: &mut Passwords) -> Result<Option<Secret>, Error> {
        let (word, source) = (self.auth_parent.as_ref(), self.passparent.as_ref());
        passwords.given(word, source, "password of the parent")
    }
}
