//! The options for the password of something new, as every tool of the field spells them.

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use tpm::Auth;

use crate::error::Error;
use crate::password::{Passwords, Secret};
use crate::source::Source;

/// -a, -k and --passout.
#[derive(Args)]
pub(crate) struct NewPassword {
    /// Give it a password, and ask for that twice
    ///
    /// Without a terminal two lines of stdin are read, if nothing else is expected there.
    #[arg(short, long)]
    auth: bool,

    /// Its password, instead of the question
    ///
    /// Everybody on this machine can read it in the process list while the command runs, and the shell may keep it in its history: --passout is better.
    #[arg(short = 'k', long, value_name = "PWD", value_parser = OsStringValueParser::new().map(Secret::from))]
    password: Option<Secret>,

    /// Where its password comes from: pass:WORD, env:NAME, file:PATH, fd:NUMBER, stdin or prompt
    ///
    /// As openssl's -passout: the first line is taken. prompt asks, as -a does. When several passwords come from the same place, each takes one line: first that of a file that is
    /// wrapped, then this one, then the parent's.
    #[arg(long, value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(Source::parse), conflicts_with = "password")]
    passout: Option<Source>,
}

impl NewPassword {
    /// The password, if there is to be one; `what` for, in the errors.
    ///
    /// # Errors
    /// Its source has none, it is empty, or the two entries differ.
    pub(crate) fn auth(&self, passwords: &mut Passwords, what: &str) -> Result<Option<Auth>, Error> {
        // Nobody sees what is typed: a new one is asked for twice, whichever option says so.
        let source = self.passout.as_ref().filter(|source| **source != Source::Prompt);
        let asked = self.auth || self.passout.as_ref() != source;
        let secret = match passwords.given(self.password.as_ref(), source, what)? {
            None if asked => Some(passwords.ask_new(what)?),
            given => given,
        };
        match secret {
            Some(secret) if secret.is_empty() => Err(Error::Password {
                what: what.to_owned(),
                problem: "it is empty".to_owned(),
                advice: "leave -a, -k and --passout out for no password".to_owned(),
            }),
            secret => Ok(secret.map(|secret| Auth::new(secret.bytes()))),
        }
    }
}
