//! What a connection knows of the parents of keys. It is forgotten where the TPM may have been reset.

use keyfile::{Handle, Name, Public};

use crate::error::{Error, ErrorKind};

/// All parents that this connection has met; none is removed alone, so a number stays good.
#[derive(Default)]
pub(crate) struct KnownParents(Vec<KnownParent>);

/// One of them.
pub(crate) struct KnownParent {
    pub(crate) handle: Handle,
    pub(crate) rsa: bool,
    pub(crate) public: Public,
    pub(crate) name: Name,
    /// Its saved context.
    pub(crate) saved: Option<Vec<u8>>,
    /// How often it was derived.
    pub(crate) derived: u32,
}

impl KnownParents {
    /// The number of the parent at this handle.
    pub(crate) fn find(&self, handle: Handle, rsa: bool) -> Option<usize> {
        self.0.iter().position(|known| known.handle == handle && known.rsa == rsa)
    }

    /// The number that the next parent gets.
    pub(crate) fn next(&self) -> usize {
        self.0.len()
    }

    /// Takes note of a parent.
    pub(crate) fn push(&mut self, parent: KnownParent) {
        self.0.push(parent);
    }

    /// The parent of this number.
    pub(crate) fn get(&self, number: usize) -> Result<&KnownParent, Error> {
        let lost = || Error::new(ErrorKind::Tpm, "the connection was lost within an operation");
        self.0.get(number).ok_or_else(lost)
    }

    /// The same, to be changed, as long as it is known.
    pub(crate) fn get_mut(&mut self, number: usize) -> Option<&mut KnownParent> {
        self.0.get_mut(number)
    }
}
