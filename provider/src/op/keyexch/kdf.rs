//! The key derivation function of ANSI X9.63 (SEC 1 §3.6.1), the only one that ECDH has in OpenSSL.

use operations::ecdh;
use zeroize::Zeroizing;

use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::{Digest, Operation};
use crate::op::software;

/// The function with its parameters.
pub(super) struct Kdf {
    digest: Digest,
    size: usize,
    /// SharedInfo, the "user keying material" of CMS.
    info: Vec<u8>,
}

impl Kdf {
    /// Reads the function from the options of a derivation. Returns `None` if the caller selected none.
    ///
    /// # Errors
    /// The function is unknown, or a parameter is missing.
    pub(super) fn read(shadow: &mut Operation) -> Result<Option<Self>> {
        let mut options = shadow.options();
        match options.text(c"kdf-type").as_deref() {
            None => return Ok(None),
            Some("X963KDF") => {}
            Some(other) => {
                let text = format!("the key derivation function {other} is unknown");
                return Err(Error::new(Reason::Unsupported, text).with_hint("use X963KDF, or none"));
            }
        }
        let lacks =
            |what| Error::new(Reason::Parameter, format!("the key derivation function needs a {what}"));
        let name = options.text(c"kdf-digest").ok_or_else(|| lacks("digest (kdf-digest)"))?;
        let size = options
            .size(c"kdf-outlen")
            .filter(|size| *size > 0)
            .ok_or_else(|| lacks("length (kdf-outlen)"))?;
        let info = options.bytes(c"kdf-ukm").unwrap_or_default();
        let digest = Digest::fetch(shadow.key().context(), &name)?;
        Ok(Some(Self { digest, size, info }))
    }

    /// The number of bytes that it returns.
    pub(super) const fn size(&self) -> usize {
        self.size
    }

    /// Derives the key.
    ///
    /// # Errors
    /// libcrypto is out of memory, or the requested length exceeds the limit of the function.
    pub(super) fn derive(&self, secret: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        Ok(ecdh::x963(software::digest(&self.digest), secret, &self.info, self.size)?)
    }
}
