//! What can be wrong with a key file.

use crate::wire::WireError;
use crate::{Handle, policy};
use std::fmt;

/// Why bytes are no key, or a key cannot be written.
#[derive(Debug, PartialEq)]
pub enum Error {
    /// Neither PEM label nor DER.
    NoKey,
    /// Text in UTF-16.
    Utf16,
    /// Instead of a private key it holds the handle of one that the TPM keeps.
    Handle(Handle),
    /// Larger than any key.
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// The PEM block has a BEGIN line, but no END line.
    NoEnd,
    /// What stands between BEGIN and END is not base64.
    Pem(der::pem::Error),
    /// The ASN.1 structure is damaged, or another one.
    Asn1 {
        /// The field that could not be read.
        field: &'static str,
        /// What is wrong there.
        source: Box<asn1::ParseError>,
    },
    /// The OID is none of the format's types.
    UnknownType {
        /// The OID in dotted form.
        oid: String,
    },
    /// A field holds a TPM structure that is damaged, or that this program does not know.
    Wire {
        /// The field.
        field: &'static str,
        /// What is wrong there.
        source: WireError,
    },
    /// The parent is no handle that a key can have.
    Parent(Handle),
    /// The policy of a new key has no digest.
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
                "there is no TSS2 PRIVATE KEY, neither as PEM nor as DER: give a key file of a TPM 2.0 tool",
            ),
            Self::Utf16 => f.write_str(
                "the file is text in UTF-16: convert it (iconv -f UTF-16 -t UTF-8), or save it as UTF-8",
            ),
            Self::Handle(handle) => write!(
                f,
                "instead of a private key the file holds the handle of a persistent one: name that key, as handle:{handle}"
            ),
            Self::TooLarge { size } => {
                write!(f, "{size} bytes are more than any key file has: give a key file of a TPM 2.0 tool")
            }
            Self::NoEnd => f.write_str(
                "the TSS2 PRIVATE KEY block has no END line: the file is cut off, take a whole copy",
            ),
            Self::Pem(source) => {
                write!(f, "the TSS2 PRIVATE KEY block is damaged, take a whole copy: {source}")
            }
            Self::Asn1 { field, source } => {
                write!(f, "{field} of the key file is damaged or missing: {source}")
            }
            Self::UnknownType { oid } => write!(
                f,
                "the key file's type {oid} is not known here: loadable keys (2.23.133.10.1.3), importable keys \
                 (2.23.133.10.1.4) and sealed data (2.23.133.10.1.5) are"
            ),
            Self::Wire { field, source } => write!(f, "{field} of the key file cannot be used: {source}"),
            Self::Parent(handle) => write!(
                f,
                "the parent {handle} is neither a persistent handle (0x81......) nor a hierarchy: make the parent \
                 persistent and name that handle"
            ),
            Self::Policy(source) => write!(f, "the policy cannot be written into a key file: {source}"),
            Self::Rule(rule) => write!(f, "the key file contradicts itself: {rule}"),
            Self::Memory => f.write_str("no memory left to write the key file"),
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
    /// Faults between the fields, such as bytes behind the last one.
    fn from(source: asn1::ParseError) -> Self {
        Self::Asn1 { field: "the structure", source: Box::new(source) }
    }
}

impl From<asn1::WriteError> for Error {
    fn from(_: asn1::WriteError) -> Self {
        // The other cause, unsorted SETs, cannot be: the format has none.
        Self::Memory
    }
}
