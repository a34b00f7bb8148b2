//! The errors of URIs. No message repeats text that may be a password.

use std::fmt;

use crate::{Handle, ParseError};

/// Why a text is not one of our URIs.
#[derive(Debug, PartialEq)]
pub enum UriError {
    /// The scheme is none of ours.
    Scheme,
    /// The text after the scheme is not a handle.
    Handle(ParseError),
    /// The handle is of another type.
    Kind {
        /// The handle.
        handle: Handle,
        /// The type of handle that is expected.
        wanted: &'static str,
    },
    /// An unknown attribute.
    Attribute(String),
    /// The attribute occurs twice.
    Twice(&'static str),
    /// The attribute lacks a value, or has a value although it takes none.
    Empty(&'static str),
    /// A percent sign without two hexadecimal digits after it.
    Percent,
    /// Attributes that do not follow a question mark.
    Separator,
    /// The password's source is not a file.
    Source,
}

impl fmt::Display for UriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme => f.write_str(
                "the URI must begin with nvkey:, //nvkey:, handle:, object: or tpm2:, for example handle:0x81000101",
            ),
            Self::Handle(source) => source.fmt(f),
            Self::Kind { handle, wanted } => {
                write!(f, "{handle} is not the handle of {wanted}")?;
                match handle.is_nv() || handle.is_persistent() {
                    true => write!(f, ": use handle:{handle} for this object"),
                    false => Ok(()),
                }
            }
            Self::Attribute(name) => write!(
                f,
                "the attribute {name:?} is not known: use handle=, nv= or file=, and ?pass, ?pin-value= or ?pin-source="
            ),
            Self::Twice(what) => write!(f, "{what} is given twice: give it once"),
            Self::Empty(what) => write!(f, "{what} has no value, or a value that is not allowed"),
            Self::Percent => f.write_str("a % is not followed by two hexadecimal digits: write %25 for a percent sign"),
            Self::Separator => f.write_str("attributes must follow a question mark, for example handle:0x81000101?pin-source=file:/path"),
            Self::Source => f.write_str("the value of pin-source must be file: and a path"),
        }
    }
}

impl std::error::Error for UriError {}
