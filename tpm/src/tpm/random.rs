//! Random bytes of the TPM, for callers that request them. This crate itself does not use them.

use zeroize::Zeroizing;

use super::Tpm;
use crate::command::random::random;
use crate::connection::Connection;
use crate::error::{Error, ErrorKind};

impl Tpm {
    /// Returns `length` random bytes of the TPM.
    ///
    /// # Errors
    /// There is no TPM, or it does not return them.
    pub fn random(&self, length: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.operate(|connection| connection.random(length))
    }

    /// Returns `length` random bytes to a program that needs them once: a connection that was opened for this is closed again, unless
    /// it uses the kernel's resource manager.
    ///
    /// # Errors
    /// As [`Tpm::random`].
    pub fn random_once(&self, length: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.operate_briefly(|connection| connection.random(length))
    }
}

impl Connection {
    fn random(&mut self, length: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.open_session(None)?;
        // The capacity is the final size, so that no copy is left.
        let mut bytes = Zeroizing::new(Vec::with_capacity(length));
        while let Some(left) = length.checked_sub(bytes.len()).filter(|left| *left > 0) {
            let wanted = u16::try_from(left).unwrap_or(u16::MAX);
            let part = random(self, wanted)?;
            if part.is_empty() || part.len() > usize::from(wanted) {
                let text = format!("the TPM gave {} random bytes instead of {wanted}", part.len());
                return Err(Error::new(ErrorKind::Tpm, text));
            }
            bytes.extend_from_slice(&part);
        }
        Ok(bytes)
    }
}
