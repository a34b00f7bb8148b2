//! Measures how long the TPM takes to derive a storage key, which a process does once for the key files of a hierarchy.

use std::time::{Duration, Instant};

use keyfile::Handle;

use super::Tpm;
use crate::command::hierarchy::{Primary, create_primary};
use crate::command::{Entity, Guarded, Protect};
use crate::connection::{Connection, MAX_LOADED, Transient};
use crate::error::Error;
use crate::template::Storage;

/// The slot of the derived key.
const DERIVED: Transient = Transient::Temporary(4);

impl Tpm {
    /// Derives this storage key of the null hierarchy (TPM2_CreatePrimary), flushes it, and returns the time of that command. The null
    /// hierarchy needs no password, and its keys take as long as those of the owner.
    ///
    /// # Errors
    /// The TPM does not support such a key, its object slots are full, or there is no TPM.
    pub fn time_of_derivation(&self, storage: Storage) -> Result<Duration, Error> {
        self.operate(|connection| connection.time_of_derivation(storage))
    }
}

impl Connection {
    fn time_of_derivation(&mut self, storage: Storage) -> Result<Duration, Error> {
        self.free_slots(MAX_LOADED - 1, &[])?;
        let null = Guarded { entity: Entity::plain(Handle::NULL), auth: &[] };
        let start = Instant::now();
        let Primary { handle, name, .. } = create_primary(self, &null, &storage.template(), Protect::NONE)?;
        let took = start.elapsed();
        self.slots.insert(DERIVED, handle, name);
        self.evict(DERIVED)?;
        Ok(took)
    }
}
