//! Random bytes of the TPM, for those who ask for them by name: nothing in this crate uses them.

use zeroize::Zeroizing;

use super::Tpm;
use crate::command::random::random;
use crate::connection::Connection;
use crate::error::{Error, ErrorKind};

impl Tpm {
    /// So many random bytes of the TPM.
    ///
    /// # Errors
    /// There is no TPM, or it does not give them.
    pub fn random(&self, length: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.operate(|connection| connection.random(length))
    }

    /// The same for a program that asks once: a connection that was opened for this is closed again, unless the kernel's resource
    /// manager is behind it.
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
        // As large as it will be, so that no copy stays behind.
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
