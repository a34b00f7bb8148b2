//! The contents of a token at one moment.

mod join;

use std::path::PathBuf;
use std::sync::Arc;

use crate::certificate::Certificate;
use crate::error::Error;
use crate::key::TokenKey;
pub(crate) use join::certificates;

/// The keys and certificates of a token, and the files that could not be read.
#[derive(Debug, Default)]
pub struct Contents {
    /// The keys.
    pub keys: Vec<Arc<TokenKey>>,
    /// The certificates; also those without a key.
    pub certificates: Vec<Arc<Certificate>>,
    /// The files that could not be read. They do not hide the others.
    pub faults: Vec<Fault>,
}

/// A file that could not be read, or that does not belong to its token.
#[derive(Debug, Clone)]
pub struct Fault {
    /// The file; none for a key at a handle.
    pub path: Option<PathBuf>,
    /// The cause, with the file.
    pub error: Arc<Error>,
}

impl Fault {
    pub(crate) fn new(path: Option<PathBuf>, error: Error) -> Self {
        Self { path, error: Arc::new(error) }
    }
}

impl Contents {
    /// Returns the key with this number.
    #[must_use]
    pub fn key(&self, number: u64) -> Option<&Arc<TokenKey>> {
        self.keys.iter().find(|key| key.number() == number)
    }

    /// Returns the certificate with this number.
    #[must_use]
    pub fn certificate(&self, number: u64) -> Option<&Arc<Certificate>> {
        self.certificates.iter().find(|certificate| certificate.number() == number)
    }

    /// Returns true if a key needs a password: the token has a PIN.
    #[must_use]
    pub fn needs_password(&self) -> bool {
        self.keys.iter().any(|key| key.needs_password())
    }
}
