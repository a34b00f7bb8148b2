//! A key and its certificate chain in PEM.

use openssl::error::ErrorStack;
use openssl::pkey::{PKeyRef, Private};
use openssl::x509::{X509, X509Ref};
use zeroize::Zeroizing;

use crate::folder::Part;

/// The contents of the files.
pub(super) struct Pair {
    /// The private key in PKCS#8.
    pub(super) key: Zeroizing<Vec<u8>>,
    /// The certificate, then those of its issuers.
    pub(super) chain: Vec<u8>,
    /// Key and chain, for programs that read one file.
    pub(super) both: Zeroizing<Vec<u8>>,
}

impl Pair {
    /// Encodes a key and its certificates.
    ///
    /// # Errors
    /// OpenSSL fails.
    pub(super) fn of<'a>(
        key: &PKeyRef<Private>,
        leaf: &X509,
        issuers: impl Iterator<Item = &'a X509Ref>,
    ) -> Result<Self, ErrorStack> {
        let key = Zeroizing::new(key.private_key_to_pem_pkcs8()?);
        let mut chain = leaf.to_pem()?;
        for issuer in issuers {
            chain.extend(issuer.to_pem()?);
        }
        // One allocation: a vector that grows leaves copies behind.
        let both = Zeroizing::new([key.as_slice(), &chain].concat());
        Ok(Self { key, chain, both })
    }

    /// Returns the files. Only their owner can read the key.
    pub(super) fn parts(&self) -> [Part<'_>; 3] {
        [
            Part { name: "key.pem", contents: &self.key, mode: 0o600 },
            Part { name: "cert.pem", contents: &self.chain, mode: 0o644 },
            Part { name: "pair.pem", contents: &self.both, mode: 0o600 },
        ]
    }
}
