//! The errors of key files.

use crate::wire::WireError;
use crate::{Handle, policy};
use std::fmt;

/// Why bytes are not a key file, or why a key file cannot be written.
#[derive(Debug, PartialEq)]
pub enum Error {
    /// The bytes have neither a PEM label of a key nor the DER of one.
    NoKey,
    /// The text is encoded in UTF-16.
    Utf16,
    /// The file contains the handle of a persistent key instead of a private key.
    Handle(Handle),
    /// The file is larger than any key file.
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// The PEM block has a BEGIN line, but no END line.
    NoEnd,
    /// The text between BEGIN and END is not base64.
    Pem(der::pem::Error),
    /// The ASN.1 structure is damaged, or is another structure.
    Asn1 {
        /// The field that could not be read.
        field: &'static str,
        /// What is wrong there.
        source: Box<asn1::ParseError>,
    },
    /// The OID is not one of the format's types.
    UnknownType {
        /// The OID in dotted form.
        oid: String,
    },
    /// A field contains a TPM structure that is damaged or unknown to this program.
    Wire {
        /// The field.
        field: &'static str,
        /// What is wrong there.
        source: WireError,
    },
    /// The parent's handle is not one that a key file can have.
    Parent(Handle),
    /// The policy digest of a new key cannot be computed.
    Policy(policy::Error),
    /// The fields contradict each other.
    Rule(&'static str),
    /// Out of memory while writing.
    Memory,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKey => f.write_str(
                "the file contains no TSS2 PRIVATE KEY, in PEM or DER: give a key file of a TPM 2.0 tool",
            ),
            Self::Utf16 => f.write_str(
                "the file is text in UTF-16: convert it (iconv -f UTF-16 -t UTF-8), or save it as UTF-8",
            ),
            Self::Handle(handle) => write!(
                f,
                "the file contains the handle of a persistent key instead of a private key: use handle:{handle}"
            ),
            Self::TooLarge { size } => {
                write!(f, "{size} bytes are too many for a key file: give a key file of a TPM 2.0 tool")
            }
            Self::NoEnd => f.write_str(
                "the TSS2 PRIVATE KEY block has no END line, so the file is cut off: use a complete copy",
            ),
            Self::Pem(source) => {
                write!(f, "the TSS2 PRIVATE KEY block is damaged, use a complete copy: {source}")
            }
            Self::Asn1 { field, source } => {
                write!(f, "{field} of the key file is damaged or missing: {source}")
            }
            Self::UnknownType { oid } => write!(
                f,
                "the key file has the unknown type {oid}: give a loadable key (2.23.133.10.1.3), an importable key \
                 (2.23.133.10.1.4) or sealed data (2.23.133.10.1.5)"
            ),
            Self::Wire { field, source } => write!(f, "{field} of the key file cannot be used: {source}"),
            Self::Parent(handle) => write!(
                f,
                "the parent {handle} is neither a persistent handle (0x81......) nor a hierarchy: make the parent \
                 persistent and name that handle"
            ),
            Self::Policy(source) => write!(f, "the policy cannot be written into a key file: {source}"),
            Self::Rule(rule) => write!(f, "the key file contradicts itself: {rule}"),
            Self::Memory => f.write_str("out of memory while writing the key file"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Asn1 { source, .. } => Some(source.as_ref()),
            Self::Wire { source, .. } => Some(source),
            Self::Policy(source) => Some(source),
            _ => None,
        }
    }
}

impl From<asn1::ParseError> for Error {
    /// Converts faults between the fields, such as bytes after the last one.
    fn from(source: asn1::ParseError) -> Self {
        Self::Asn1 { field: "the structure", source: Box::new(source) }
    }
}

impl From<asn1::WriteError> for Error {
    fn from(_: asn1::WriteError) -> Self {
        // asn1's other cause, a SET that is not sorted, cannot occur: the format has no SETs.
        Self::Memory
    }
}
