//! Room for the next object: slots are freed beforehand, least recently used first.

use keyfile::{Handle, Name};

use super::Parent;
use crate::command::context::context_save;
use crate::command::object::Loaded;
use crate::command::same;
use crate::connection::{Connection, MAX_LOADED, Transient};
use crate::error::Error;

impl Connection {
    /// Frees slots until at most `most` are taken, least recently used first.
    pub(crate) fn free_slots(&mut self, most: usize, needed: &[Transient]) -> Result<(), Error> {
        while self.slots.len() > most {
            let Some(victim) = self.slots.least_recent(needed) else { break };
            self.save_and_evict(victim)?;
        }
        Ok(())
    }

    /// A command that makes an object takes one more slot; the parent takes one too, persistent or not.
    pub(crate) fn free_slots_for_child(&mut self, number: usize, parent: &Parent) -> Result<(), Error> {
        let most = if parent.is_derived() { MAX_LOADED } else { MAX_LOADED - 1 };
        self.free_slots(most, &[Transient::Parent(number)])
    }

    /// Takes note of a key that was just loaded, which must have this Name.
    pub(crate) fn register_key(
        &mut self,
        key: Transient,
        loaded: &Loaded,
        name: &Name,
    ) -> Result<Handle, Error> {
        self.slots.insert(key, loaded.handle, loaded.name.clone());
        if let Err(error) = same(name, &loaded.name) {
            self.evict(key)?;
            return Err(error);
        }
        self.trim_loaded(&[key])?;
        Ok(loaded.handle)
    }

    /// After a key was loaded: no more stays than may. The parent is not needed for the key's own work, unless each operation
    /// starts a session salted to it.
    pub(crate) fn trim_loaded(&mut self, needed: &[Transient]) -> Result<(), Error> {
        let one_session = self.rules.keep.is_none();
        while let Some(parent) = self.slots.parent(needed) {
            // Where other processes want the slots too, it goes at once.
            if !one_session || !(self.rules.shared || self.slots.len() > MAX_LOADED) {
                break;
            }
            self.save_and_evict(parent)?;
        }
        self.free_slots(MAX_LOADED, needed)
    }

    /// Flushes an object; a derived parent that may come back is saved first, for deriving it takes long on some chips.
    fn save_and_evict(&mut self, object: Transient) -> Result<(), Error> {
        if let Transient::Parent(number) = object {
            let known = self.parents.get(number)?;
            // The null primary is only salt. The first time in a shared TPM a second key is not in sight, and saving costs a command.
            let only_salt = known.handle == Handle::NULL && self.rules.keep.is_none();
            let worth_it = known.saved.is_none() && !only_salt && (known.derived > 1 || !self.rules.shared);
            if let Some(handle) = self.slots.find(object).filter(|_| worth_it) {
                let saved = context_save(self, handle)?;
                if let Some(known) = self.parents.get_mut(number) {
                    known.saved = Some(saved);
                }
            }
        }
        self.evict(object)
    }
}
