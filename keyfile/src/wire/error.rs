//! The errors of bytes from a TPM or a file.

use std::fmt;

/// Why bytes are not the expected structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WireError {
    /// The bytes end in the middle of the structure.
    Truncated {
        /// How many bytes were expected here.
        wanted: usize,
        /// How many were left.
        left: usize,
    },
    /// Bytes follow the structure.
    Trailing {
        /// How many.
        left: usize,
    },
    /// A part is longer than its size field allows.
    TooLong {
        /// Its length.
        size: usize,
    },
    /// An identifier that this crate does not know, or that is not allowed here.
    Unknown {
        /// What it identifies.
        what: &'static str,
        /// Its value.
        value: u32,
    },
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { wanted, left } => {
                write!(f, "the data ends early: {wanted} bytes expected, {left} left")
            }
            Self::Trailing { left } => write!(f, "{left} bytes too many at the end"),
            Self::TooLong { size } => {
                write!(f, "a part of {size} bytes is longer than a TPM structure can hold")
            }
            Self::Unknown { what, value } => write!(f, "{value:#06x} is not a known {what}"),
        }
    }
}

impl std::error::Error for WireError {}
