//! What a connection knows of the parents of keys. It is forgotten where the TPM may have been reset.

use keyfile::{Handle, Name, Public};

use crate::error::{Error, ErrorKind};

/// All parents that this connection has met. A number stays good as long as an operation lasts.
#[derive(Default)]
pub(crate) struct KnownParents {
    known: Vec<KnownParent>,
    /// So many of them were known when an answer was last verified.
    confirmed: usize,
}

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
        self.known.iter().position(|known| known.handle == handle && known.rsa == rsa)
    }

    /// The number that the next parent gets.
    pub(crate) fn next(&self) -> usize {
        self.known.len()
    }

    /// Takes note of a parent.
    pub(crate) fn push(&mut self, parent: KnownParent) {
        self.known.push(parent);
    }

    /// The parent of this number.
    pub(crate) fn get(&self, number: usize) -> Result<&KnownParent, Error> {
        let lost = || Error::new(ErrorKind::Tpm, "the connection was lost within an operation");
        self.known.get(number).ok_or_else(lost)
    }

    /// The same, to be changed, as long as it is known.
    pub(crate) fn get_mut(&mut self, number: usize) -> Option<&mut KnownParent> {
        self.known.get_mut(number)
    }

    /// The Names of all.
    pub(super) fn names(&self) -> impl Iterator<Item = &Name> {
        self.known.iter().map(|known| &known.name)
    }

    /// An answer was verified: whoever has answered holds the salt key, and has checked the Names in the command.
    pub(super) fn confirm(&mut self) {
        self.confirmed = self.known.len();
    }

    /// Forgets those that nobody has vouched for, and gives their numbers.
    pub(super) fn forget_unconfirmed(&mut self) -> std::ops::Range<usize> {
        let all = self.known.len();
        self.known.truncate(self.confirmed);
        self.confirmed..all
    }
}
