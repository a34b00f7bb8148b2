//! Whom the CA trusts, how long its certificates live, and where its log goes.

use std::time::Duration;

/// The options of a CA.
pub struct Options {
    /// The port on 127.0.0.1; 0 for a free one.
    pub port: u16,
    /// The roots of TPM manufacturers, in DER: EK certificates lead to them.
    pub endorsement_roots: Vec<Vec<u8>>,
    /// The roots of certificates for attestation keys, in DER. The CA's own root is always one.
    pub attestation_roots: Vec<Vec<u8>>,
    /// The lifetime of the certificates.
    pub lifetime: Duration,
    /// The beginning of the CA's URLs if clients reach it through a proxy, such as `https://localhost:8443`.
    pub url: Option<String>,
    /// Receives each line of the log.
    pub print: fn(&str),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            endorsement_roots: Vec::new(),
            attestation_roots: Vec::new(),
            lifetime: Duration::from_secs(24 * 3600),
            url: None,
            print: |_| {},
        }
    }
}
