//! The parents of keys that a connection knows. They are forgotten if the TPM may have been reset.

use keyfile::{Handle, Name, Public};

use crate::error::{Error, ErrorKind};
use crate::template::Storage;

/// All parents that this connection has used. A number is valid within one operation.
#[derive(Default)]
pub(crate) struct KnownParents {
    known: Vec<KnownParent>,
    /// The number of parents known when an answer was last verified.
    confirmed: usize,
}

/// A known parent.
pub(crate) struct KnownParent {
    pub(crate) handle: Handle,
    pub(crate) storage: Storage,
    pub(crate) public: Public,
    pub(crate) name: Name,
    /// Its saved context.
    pub(crate) saved: Option<Vec<u8>>,
    /// How often it was derived.
    pub(crate) derived: u32,
    /// How often its saved context was loaded.
    pub(crate) reloaded: u32,
}

impl KnownParents {
    /// Returns the number of the parent at this handle.
    pub(crate) fn find(&self, handle: Handle, storage: Storage) -> Option<usize> {
        self.known.iter().position(|known| known.handle == handle && known.storage == storage)
    }

    /// Returns the number of the primary key of the null hierarchy: the P-256 one, or the RSA-2048 one of a TPM without ECC.
    pub(crate) fn null_primary(&self) -> Option<usize> {
        let find = |storage| self.find(Handle::NULL, storage);
        find(Storage::P256).or_else(|| find(Storage::Rsa2048))
    }

    /// Returns the number of the next parent.
    pub(crate) fn next(&self) -> usize {
        self.known.len()
    }

    /// Adds a parent.
    pub(crate) fn push(&mut self, parent: KnownParent) {
        self.known.push(parent);
    }

    /// Returns the parent with this number.
    pub(crate) fn get(&self, number: usize) -> Result<&KnownParent, Error> {
        let lost = || Error::new(ErrorKind::Tpm, "the connection was lost during an operation");
        self.known.get(number).ok_or_else(lost)
    }

    /// Returns the parent with this number for a change, if it is still known.
    pub(crate) fn get_mut(&mut self, number: usize) -> Option<&mut KnownParent> {
        self.known.get_mut(number)
    }

    /// Returns the Names of all parents.
    pub(super) fn names(&self) -> impl Iterator<Item = &Name> {
        self.known.iter().map(|known| &known.name)
    }

    /// Returns the handles and Names of the persistent parents.
    pub(super) fn persistent(&self) -> impl Iterator<Item = (Handle, Name)> {
        let persistent = self.known.iter().filter(|known| known.handle.is_persistent());
        persistent.map(|known| (known.handle, known.name.clone()))
    }

    /// Records a verified answer: its sender holds the salt key and has checked the Names in the command.
    pub(super) fn confirm(&mut self) {
        self.confirmed = self.known.len();
    }

    /// Forgets the parents added since the last verified answer, and returns their numbers.
    pub(super) fn forget_unconfirmed(&mut self) -> std::ops::Range<usize> {
        let all = self.known.len();
        self.known.truncate(self.confirmed);
        self.confirmed..all
    }
}
