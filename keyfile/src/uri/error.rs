//! What can be wrong with a URI. No text repeats what may be a password.

use std::fmt;

use crate::{Handle, ParseError};

/// Why a text names nothing.
#[derive(Debug, PartialEq)]
pub enum UriError {
    /// It begins like none of the known ones.
    Scheme,
    /// No handle.
    Handle(ParseError),
    /// A handle of something else.
    Kind {
        /// The handle.
        handle: Handle,
        /// What it should be of.
        wanted: &'static str,
    },
    /// An attribute that nobody knows.
    Attribute(String),
    /// Said twice.
    Twice(&'static str),
    /// Said, but without a value, or with one that it does not take.
    Empty(&'static str),
    /// A percent sign without two digits behind it.
    Percent,
    /// Attributes behind something else than a question mark.
    Separator,
    /// A source of a password that is no file.
    Source,
}

impl fmt::Display for UriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme => f.write_str(
                "it begins with none of nvkey:, //nvkey:, handle:, object: and tpm2:, such as handle:0x81000101",
            ),
            Self::Handle(source) => source.fmt(f),
            Self::Kind { handle, wanted } => {
                write!(f, "{handle} is no handle of {wanted}")?;
                match handle.is_nv() || handle.is_persistent() {
                    true => write!(f, ": handle:{handle} opens what is there"),
                    false => Ok(()),
                }
            }
            Self::Attribute(name) => write!(
                f,
                "the attribute {name:?} is not known: handle=, nv= and file= are, and ?pass, ?pin-value= and ?pin-source="
            ),
            Self::Twice(what) => write!(f, "{what} stands there twice: say it once"),
            Self::Empty(what) => write!(f, "{what} has no value, or one that it does not take"),
            Self::Percent => f.write_str("a % is not followed by two hexadecimal digits: write %25 for the sign itself"),
            Self::Separator => f.write_str("attributes follow a question mark: handle:0x81000101?pin-source=file:/path"),
            Self::Source => f.write_str("pin-source is followed by file: and a path"),
        }
    }
}

impl std::error::Error for UriError {}
