//! Measures how long the TPM takes to derive a storage key, which a process does once for the key files of a hierarchy.

use std::time::{Duration, Instant};

use super::Tpm;
use crate::connection::{Connection, MAX_LOADED, Transient};
use crate::error::Error;
use crate::objects::Parent;
use crate::template::Storage;

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
        let (null, number) = (Parent { storage, ..Parent::NULL }, self.parents.next());
        // Before the start: `derive` then flushes nothing.
        self.free_slots(MAX_LOADED - 1, &[])?;
        let start = Instant::now();
        self.derive(&null, number)?;
        let took = start.elapsed();
        self.evict(Transient::Parent(number))?;
        Ok(took)
    }
}
