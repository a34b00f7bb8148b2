//! The bytes that a key file was read from, so that an unchanged one is written back unchanged.

use super::{Error, pem};

/// The bytes that were read.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) form: Form,
    /// The DER that was read: BOOLEANs and INTEGERs from other tools are not always canonical.
    pub(super) der: Vec<u8>,
    /// What our writer made of it at that time. If it makes the same again, nothing has changed.
    pub(super) canonical: Vec<u8>,
}

/// The encoding of the DER.
#[derive(Debug, Clone)]
pub(super) enum Form {
    /// Plain DER.
    Der,
    /// PEM.
    Pem {
        /// The text before the block.
        before: Vec<u8>,
        /// The block, from the BEGIN line to the end of the END line.
        block: String,
        /// The text after the block.
        after: Vec<u8>,
    },
}

impl Form {
    /// Returns the same encoding, with the same text around it, for another DER.
    pub(super) fn converted(self, der: &[u8]) -> Result<Self, Error> {
        match self {
            Self::Der => Ok(Self::Der),
            Self::Pem { before, after, .. } => Ok(Self::Pem { before, block: pem::encode(der)?, after }),
        }
    }
}
