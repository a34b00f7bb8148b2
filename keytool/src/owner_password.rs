//! The options for the password of the hierarchy to which persistent keys belong.

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
    /// The password of the owner hierarchy (of the platform hierarchy for handles from 81800000 on)
    ///
    /// It is visible in the process list while the command runs, and may be saved in the shell's history. Prefer --passowner.
    #[arg(short = 'b', long, value_name = "PWD", value_parser = OsStringValueParser::new().map(Secret::from))]
    auth_owner: Option<Secret>,

    /// The source of that password: pass:PASSWORD, env:NAME, file:PATH, fd:NUMBER, stdin or prompt [default: pin in openssl.cnf]
    #[arg(long, value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(Source::parse), conflicts_with = "auth_owner")]
    passowner: Option<Source>,
}

impl OwnerPassword {
    /// Returns the password from the options.
    ///
    /// # Errors
    /// The source has no password.
    pub(crate) fn given(&self, passwords: &mut Passwords) -> Result<Option<Secret>, Error> {
        let (password, source) = (self.auth_owner.as_ref(), self.passowner.as_ref());
        passwords.given(password, source, "password of the hierarchy")
    }
}

/// --auth-owner and --passowner, of commands in which -b is the parent's password.
#[derive(Args)]
pub(crate) struct HierarchyPassword {
    /// The password of the owner hierarchy (of the platform hierarchy for its handles), if it differs from the parent's
    ///
    /// It is visible in the process list while the command runs, and may be saved in the shell's history. Prefer --passowner.
    #[arg(long, value_name = "PWD", value_parser = OsStringValueParser::new().map(Secret::from))]
    auth_owner: Option<Secret>,

    /// The source of that password, as for --passparent
    #[arg(long, value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(Source::parse), conflicts_with = "auth_owner")]
    passowner: Option<Source>,
}

impl HierarchyPassword {
    /// Returns true if one of the options is given.
    pub(crate) fn is_given(&self) -> bool {
        self.auth_owner.is_some() || self.passowner.is_some()
    }

    /// Returns the password for the hierarchy of `handle`. If none is given, it is the password of `parent` if that is the same hierarchy.
    ///
    /// # Errors
    /// The source has no password.
    pub(crate) fn auth(
        &self,
        passwords: &mut Passwords,
        tpm: &Tpm,
        handle: Handle,
        parent: Handle,
    ) -> Result<Option<Auth>, Error> {
        let (password, source) = (self.auth_owner.as_ref(), self.passowner.as_ref());
        Ok(match passwords.given(password, source, "password of the hierarchy")? {
            Some(password) => Some(Auth::new(password.bytes())),
            None => {
                let same = parent.hierarchy() == Some(tpm::persistent_hierarchy(handle));
                tpm.config().parent_auth.clone().filter(|_| same)
            }
        })
    }
}

/// Returns the password for the hierarchy of this handle. The settings contain the owner's password, but not the platform's.
pub(crate) fn auth(tpm: &Tpm, given: Option<&Secret>, handle: Handle) -> Option<Auth> {
    match given {
        Some(password) => Some(Auth::new(password.bytes())),
        None => {
            tpm.config().parent_auth.clone().filter(|_| tpm::persistent_hierarchy(handle) == Handle::OWNER)
        }
    }
}
