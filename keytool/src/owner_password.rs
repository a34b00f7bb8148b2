//! The options for the password of the hierarchy that keeps persistent keys.

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use keyfile::Handle;
use tpm::{Auth, Tpm};

use crate::error::Error;
use crate::password::{Passwords, Secret};
use crate::source::Source;

/// -b and --passowner.
#[derive(Args)]
pub(crate) struct OwnerPassword {
    /// The password of the owner hierarchy (of the platform's for handles from 81800000 on)
    ///
    /// Everybody on this machine can read it in the process list while the command runs, and the shell may keep it in its history: --passowner is better.
    #[arg(short = 'b', long, value_name = "PWD", value_parser = OsStringValueParser::new().map(Secret::from))]
    auth_owner: Option<Secret>,

    /// Where that password comes from: pass:WORD, env:NAME, file:PATH, fd:NUMBER, stdin or prompt [default: pin in openssl.cnf]
    #[arg(long, value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(Source::parse), conflicts_with = "auth_owner")]
    passowner: Option<Source>,
}

impl OwnerPassword {
    /// The password that an option gives.
    ///
    /// # Errors
    /// Its source has none.
    pub(crate) fn given(&self) -> Result<Option<Secret>, Error> {
        let (word, source) = (self.auth_owner.as_ref(), self.passowner.as_ref());
        Passwords::default().given(word, source, "password of the hierarchy")
    }
}

/// What of the settings goes to the hierarchy that keeps this handle: they know the owner's password, and no platform's.
pub(crate) fn auth(tpm: &Tpm, given: Option<&Secret>, handle: Handle) -> Option<Auth> {
    match given {
        Some(word) => Some(Auth::new(word.bytes())),
        None => {
            tpm.config().parent_auth.clone().filter(|_| tpm::persistent_hierarchy(handle) == Handle::OWNER)
        }
    }
}
