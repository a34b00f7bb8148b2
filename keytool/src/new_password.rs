//! The options for the password of a new object, spelled as in other TPM tools.

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use tpm::Auth;

use crate::error::Error;
use crate::password::{Passwords, Secret};
use crate::source::Source;

/// -a, -k and --passout.
#[derive(Args)]
pub(crate) struct NewPassword {
    /// Protect it with a password; you are asked for it twice
    ///
    /// Without a terminal, two lines of stdin are read, unless stdin contains the data to seal.
    #[arg(short, long)]
    auth: bool,

    /// The password
    ///
    /// It is visible in the process list while the command runs, and may be saved in the shell's history. Prefer --passout.
    #[arg(short = 'k', long, value_name = "PWD", value_parser = OsStringValueParser::new().map(Secret::from))]
    password: Option<Secret>,

    /// The source of the password: pass:PASSWORD, env:NAME, file:PATH, fd:NUMBER, stdin or prompt
    ///
    /// The same as -passout of openssl: the first line is read. prompt asks, like -a. If several passwords come from the same source, each takes one line, in
    /// this order: the password of a wrapped file, this password, the parent's password.
    #[arg(long, value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(Source::parse), conflicts_with = "password")]
    passout: Option<Source>,
}

impl NewPassword {
    /// Returns the password, if one is requested. `what` names it in errors.
    ///
    /// # Errors
    /// The source has no password, the password is empty, or the two entries differ.
    pub(crate) fn auth(&self, passwords: &mut Passwords, what: &str) -> Result<Option<Auth>, Error> {
        // Typed passwords are not shown, so a new one is asked for twice, with -a and with prompt.
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
                advice: "omit -a, -k and --passout if you want no password".to_owned(),
            }),
            secret => Ok(secret.map(|secret| Auth::new(secret.bytes()))),
        }
    }
}
