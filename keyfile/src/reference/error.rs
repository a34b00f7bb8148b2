//! The errors of reference files.

use std::fmt;

use crate::file::pem::Fault;
use crate::wire::WireError;

/// Why bytes are not a reference.
#[derive(Debug, PartialEq)]
pub enum ReferenceError {
    /// The bytes have neither the PEM label nor the DER of a reference.
    None,
    /// The file is larger than any reference.
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// The PEM block has a BEGIN line, but no END line.
    NoEnd,
    /// The text between BEGIN and END is not base64.
    Pem(der::pem::Error),
    /// The version is unknown to this program.
    Version(String),
    /// The ASN.1 structure is damaged, or is another structure.
    Asn1(Box<asn1::ParseError>),
    /// The public area is damaged.
    Public(WireError),
    /// Out of memory while writing.
    Memory,
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("the file contains no TPM2 KEY REFERENCE"),
            Self::TooLarge { size } => write!(f, "{size} bytes are too many for a key reference"),
            Self::NoEnd => {
                f.write_str("the TPM2 KEY REFERENCE block has no END line, so the file is cut off")
            }
            Self::Pem(source) => write!(f, "the TPM2 KEY REFERENCE block is damaged: {source}"),
            Self::Version(found) => write!(f, "{found:?} is an unknown kind of key reference"),
            Self::Asn1(source) => write!(f, "the key reference is damaged: {source}"),
            Self::Public(source) => write!(f, "the public area of the key reference is damaged: {source}"),
            Self::Memory => f.write_str("out of memory while writing the key reference"),
        }?;
        match self {
            Self::Memory => Ok(()),
            _ => f.write_str("; make it again with `tpm2-keytool reference`"),
        }
    }
}

impl std::error::Error for ReferenceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Asn1(source) => Some(source.as_ref()),
            Self::Public(source) => Some(source),
            _ => None,
        }
    }
}

impl From<Fault> for ReferenceError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::None => Self::None,
            Fault::NoEnd => Self::NoEnd,
            Fault::Damaged(source) => Self::Pem(source),
        }
    }
}

impl From<asn1::ParseError> for ReferenceError {
    fn from(source: asn1::ParseError) -> Self {
        Self::Asn1(Box::new(source))
    }
}

impl From<WireError> for ReferenceError {
    fn from(source: WireError) -> Self {
        Self::Public(source)
    }
}
