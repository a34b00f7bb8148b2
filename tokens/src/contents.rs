//! The contents of a token at one moment.

mod join;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

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
    /// Where the keys and the certificates are, by their numbers. Programs ask for ten attributes of each of a thousand keys.
    places: OnceLock<HashMap<u64, usize>>,
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
    pub(crate) fn new(
        keys: Vec<Arc<TokenKey>>,
        certificates: Vec<Arc<Certificate>>,
        faults: Vec<Fault>,
    ) -> Self {
        Self { keys, certificates, faults, places: OnceLock::new() }
    }

    /// Returns the key with this number.
    #[must_use]
    pub fn key(&self, number: u64) -> Option<&Arc<TokenKey>> {
        self.keys.get(self.place(number)?).filter(|key| key.number() == number)
    }

    /// Returns the certificate with this number.
    #[must_use]
    pub fn certificate(&self, number: u64) -> Option<&Arc<Certificate>> {
        self.certificates.get(self.place(number)?).filter(|certificate| certificate.number() == number)
    }

    fn place(&self, number: u64) -> Option<usize> {
        let places = self.places.get_or_init(|| {
            let keys = self.keys.iter().map(|key| key.number()).zip(0..);
            keys.chain(self.certificates.iter().map(|certificate| certificate.number()).zip(0..)).collect()
        });
        places.get(&number).copied()
    }

    /// Returns true if a key needs a password: the token has a PIN.
    #[must_use]
    pub fn needs_password(&self) -> bool {
        self.keys.iter().any(|key| key.needs_password())
    }
}
