//! The parameters with which a TPM runs a condition, in the order of the command.

use super::Condition;
use crate::wire::{Marshal, WireError, Writer};

impl Condition {
    /// Returns the parameter bytes of [`Condition::command`], whose only handle is the policy session. Returns `None` for
    /// [`Condition::Authorize`] and [`Condition::Secret`], which need values that only a TPM has: see their own `parameters`.
    ///
    /// # Errors
    /// [`WireError::TooLong`] if a part is too long for the wire.
    pub fn parameters(&self) -> Result<Option<Vec<u8>>, WireError> {
        let mut w = Writer::new();
        match self {
            Self::Authorize(_) | Self::Secret(_) => return Ok(None),
            Self::Pcr { selection, digest } => {
                w.sized(digest);
                selection.marshal(&mut w);
            }
            Self::CounterTimer(comparison) => comparison.parameters(&mut w),
            Self::NameHash(digest) | Self::CpHash(digest) | Self::Template(digest) => w.sized(digest),
            Self::AuthValue
            | Self::Locality(_)
            | Self::Command(_)
            | Self::NvWritten(_)
            | Self::PhysicalPresence
            | Self::Or(_)
            | Self::Other { .. } => w.bytes(&self.statement()?.body),
        }
        w.finish().map(Some)
    }
}
