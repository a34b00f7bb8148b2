//! The options for the password of an existing key, and its name in prompts and errors.

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Arg, Args};

use crate::error::Error;
use crate::password::{Passwords, Secret};
use crate::source::Source;

/// -k and --passin.
#[derive(Args)]
pub(crate) struct KeyPassword {
    /// The password of the key
    ///
    /// It is visible in the process list while the command runs, and may be saved in the shell's history. Prefer --passin.
    #[arg(short = 'k', long, value_name = "PWD", value_parser = OsStringValueParser::new().map(Secret::from))]
    password: Option<Secret>,

    /// The source of that password: pass:PASSWORD, env:NAME, file:PATH, fd:NUMBER, stdin or prompt
    #[arg(long, value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(Source::parse), conflicts_with = "password")]
    passin: Option<Source>,
}

/// --passak, of commands in which --passin is the password of another key.
#[derive(Args)]
pub(crate) struct AkPassword {
    /// The source of the attestation key's password: pass:PASSWORD, env:NAME, file:PATH, fd:NUMBER, stdin or prompt
    #[arg(long, value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(Source::parse))]
    passak: Option<Source>,
}

/// What a key is to a command, and the option for its password.
#[derive(Clone, Copy)]
pub(crate) struct Role {
    /// Its name in errors.
    pub(crate) name: &'static str,
    option: Option<&'static str>,
}

impl Role {
    pub(crate) const KEY: Self = Self { name: "key", option: Some("--passin") };
    pub(crate) const CA: Self = Self { name: "CA key", option: Some("--passin") };
    pub(crate) const AK: Self = Self { name: "attestation key", option: Some("--passak") };
    pub(crate) const ACCOUNT: Self = Self { name: "account key", option: None };

    /// Returns the name of its password in prompts and errors.
    pub(crate) fn password(self) -> String {
        format!("password of the {}", self.name)
    }

    /// Returns how to give its password.
    pub(crate) fn advice(self) -> String {
        const URI: &str = "append ?pin-source=file:PATH to the URI";
        match self.option {
            Some(option) => format!("give it with {option}, or {URI}"),
            None => URI.to_owned(),
        }
    }
}

impl KeyPassword {
    /// Returns the password, if one is given.
    ///
    /// # Errors
    /// The source has no password.
    pub(crate) fn given(&self, passwords: &mut Passwords, what: &str) -> Result<Option<Secret>, Error> {
        passwords.given(self.password.as_ref(), self.passin.as_ref(), what)
    }

    /// Returns true if one of the options is given.
    pub(crate) fn is_given(&self) -> bool {
        self.password.is_some() || self.passin.is_some()
    }

    /// Returns true if the password is in a file, which is opened when the password is read.
    pub(crate) fn is_in_file(&self) -> bool {
        matches!(self.passin, Some(Source::File(_)))
    }
}

impl AkPassword {
    /// Returns the password, if one is given.
    ///
    /// # Errors
    /// The source has no password.
    pub(crate) fn given(&self, passwords: &mut Passwords) -> Result<Option<Secret>, Error> {
        passwords.given(None, self.passak.as_ref(), &Role::AK.password())
    }
}

/// Returns the argument `password` with this text in place of `The password of the key`.
pub(crate) fn described(password: Arg, text: &str) -> Arg {
    let long = password.get_long_help().map(ToString::to_string).unwrap_or_default();
    let rest = long.split_once("\n\n").map(|(_, rest)| rest).unwrap_or_default();
    password.help(text.to_owned()).long_help(format!("{text}\n\n{rest}"))
}
