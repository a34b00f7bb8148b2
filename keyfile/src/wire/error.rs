//! What can be wrong with bytes from a TPM or a file.

use std::fmt;

/// Why bytes are not the structure that was wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WireError {
    /// The bytes end in the middle of the structure.
    Truncated {
        /// How many bytes were wanted at this place.
        wanted: usize,
        /// How many were left.
        left: usize,
    },
    /// Bytes are left over behind the structure.
    Trailing {
        /// How many.
        left: usize,
    },
    /// A part is longer than its size field can say.
    TooLong {
        /// Its length.
        size: usize,
    },
    /// An identifier that this crate does not know, or that may not stand in this place.
    Unknown {
        /// What it should identify.
        what: &'static str,
        /// Its value.
        value: u32,
    },
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { wanted, left } => {
                write!(f, "the bytes end early: {wanted} wanted, {left} left")
            }
            Self::Trailing { left } => write!(f, "{left} bytes too many"),
            Self::TooLong { size } => {
                write!(f, "a part of {size} bytes is longer than a TPM structure can hold")
            }
            Self::Unknown { what, value } => write!(f, "{value:#06x} is no {what} known here"),
        }
    }
}

impl std::error::Error for WireError {}
