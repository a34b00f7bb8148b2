//! Where a key came from, so that an unchanged one goes back as it was.

use super::{Error, pem};

/// What was read.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) form: Form,
    /// The DER as it was: other tools' BOOLEANs and INTEGERs are not always canonical.
    pub(super) der: Vec<u8>,
    /// What our writer made of it then: the same again means that nothing was changed.
    pub(super) canonical: Vec<u8>,
}

/// How the DER was wrapped.
#[derive(Debug, Clone)]
pub(super) enum Form {
    /// Not at all.
    Der,
    /// In PEM.
    Pem {
        /// The text before the block.
        before: Vec<u8>,
        /// From the BEGIN line to the end of the END line.
        block: String,
        /// The text after the block.
        after: Vec<u8>,
    },
}

impl Form {
    /// The same surroundings around another DER.
    pub(super) fn converted(self, der: &[u8]) -> Result<Self, Error> {
        match self {
            Self::Der => Ok(Self::Der),
            Self::Pem { before, after, .. } => Ok(Self::Pem { before, block: pem::encode(der)?, after }),
        }
    }
}
