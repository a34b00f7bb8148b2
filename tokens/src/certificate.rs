//! A certificate of a token.

mod parts;

use std::path::{Path, PathBuf};

pub(crate) use parts::Parts;

/// A certificate, with the identifier of its key.
#[derive(Debug, Clone)]
pub struct Certificate {
    pub(crate) number: u64,
    pub(crate) id: Vec<u8>,
    pub(crate) label: String,
    pub(crate) der: Vec<u8>,
    pub(crate) parts: Parts,
    pub(crate) path: PathBuf,
    pub(crate) first: bool,
    pub(crate) has_key: bool,
}

impl Certificate {
    /// Returns a number that no other key or certificate of this process has. It is kept while the file is unchanged.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Returns the identifier: the one of the key of the token with the same public key, or else the one that NSS computes.
    #[must_use]
    pub fn id(&self) -> &[u8] {
        &self.id
    }

    /// Returns the label: the line `label:` before the PEM block, or else the label of its key, or else the name of the file.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Returns the certificate in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Returns the subject in DER.
    #[must_use]
    pub fn subject(&self) -> &[u8] {
        &self.parts.subject
    }

    /// Returns the issuer in DER.
    #[must_use]
    pub fn issuer(&self) -> &[u8] {
        &self.parts.issuer
    }

    /// Returns the serial number in DER: an INTEGER with its tag and length.
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        &self.parts.serial
    }

    /// Returns the SubjectPublicKeyInfo in DER.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.parts.spki
    }

    /// Returns the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns true if it is the first certificate of its file. The others are usually those of its issuers.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.first
    }

    /// Returns true if the token has the key of this certificate.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.has_key
    }
}
