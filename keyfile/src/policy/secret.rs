//! PolicySecret: the password of another entity (Part 3 §23.4).

use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};
use crate::{Handle, Name};

/// The entity whose password is required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// The entity's handle when the policy was made; 0 if none was recorded.
    pub hint: Handle,
    /// The entity's Name, which is part of the policy digest.
    pub name: Name,
    /// A qualifier.
    pub policy_ref: Vec<u8>,
}

impl Secret {
    /// Returns the handle to use: the hint, or the Name of an entity whose Name is its handle.
    #[must_use]
    pub fn entity(&self) -> Option<Handle> {
        match self.hint {
            Handle(0) => self.name.as_handle(),
            hint => Some(hint),
        }
    }

    /// Returns the parameters of TPM2_PolicySecret: valid for this session (`nonce` is its nonceTPM), for any command, without expiry.
    ///
    /// # Errors
    /// [`WireError::TooLong`] if a part is too long for the wire.
    pub fn parameters(&self, nonce: &[u8]) -> Result<Vec<u8>, WireError> {
        let mut w = Writer::new();
        w.sized(nonce);
        w.sized(&[]);
        w.sized(&self.policy_ref);
        w.u32(0);
        w.finish()
    }

    pub(super) fn read(body: &[u8]) -> Result<Self, WireError> {
        let mut r = Reader::new(body);
        let hint = Handle::unmarshal(&mut r)?;
        let name = Name::unmarshal(&mut r)?;
        let policy_ref = r.sized()?.to_vec();
        r.finish()?;
        Ok(Self { hint, name, policy_ref })
    }

    pub(super) fn body(&self, w: &mut Writer) {
        self.hint.marshal(w);
        self.name.marshal(w);
        w.sized(&self.policy_ref);
    }
}
