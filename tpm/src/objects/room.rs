//! Frees slots for new objects in advance, least recently used first.

use keyfile::{Handle, Name};

use super::Parent;
use crate::command::context::context_save;
use crate::command::object::Loaded;
use crate::command::same;
use crate::connection::{Connection, MAX_LOADED, Transient};
use crate::error::Error;

/// A parent whose saved context was loaded as often stays loaded: several keys take turns, or operations with and without a session.
const MAX_RELOADS: u32 = 8;

impl Connection {
    /// Frees slots until at most `most` are in use, least recently used first.
    pub(crate) fn free_slots(&mut self, most: usize, needed: &[Transient]) -> Result<(), Error> {
        while self.slots.len() > most {
            let Some(victim) = self.slots.least_recent(needed) else { break };
            self.save_and_evict(victim)?;
        }
        Ok(())
    }

    /// Frees slots for a command that makes an object. It takes one slot, and the parent takes one, persistent or not.
    pub(crate) fn free_slots_for_child(&mut self, number: usize, parent: &Parent) -> Result<(), Error> {
        let most = if parent.is_derived() { MAX_LOADED } else { MAX_LOADED - 1 };
        self.free_slots(most, &[Transient::Parent(number)])
    }

    /// Records a key that was just loaded. It must have this Name. If its operations do not need the parent, that makes room for it
    /// through a resource manager, and not another key.
    pub(crate) fn register_key(
        &mut self,
        key: Transient,
        loaded: &Loaded,
        name: &Name,
        needs_parent: bool,
    ) -> Result<Handle, Error> {
        self.slots.insert(key, loaded.handle, loaded.name.clone());
        if let Err(error) = same(name, &loaded.name) {
            self.evict(key)?;
            return Err(error);
        }
        if !needs_parent && self.slots.len() > MAX_LOADED {
            self.put_away_parents()?;
        }
        self.trim_loaded(&[key])?;
        Ok(loaded.handle)
    }

    /// Flushes what need not stay loaded after a key was loaded. The key's operations do not need the parent, unless each operation
    /// starts a session salted to it.
    pub(crate) fn trim_loaded(&mut self, needed: &[Transient]) -> Result<(), Error> {
        let one_session = self.rules.keep.is_none();
        while let Some(parent) = self.slots.parent(needed) {
            // If other processes use the same slots, the parent is flushed at once.
            if !one_session || !(self.rules.shared || self.slots.len() > MAX_LOADED) {
                break;
            }
            self.save_and_evict(parent)?;
        }
        self.free_slots(MAX_LOADED, needed)
    }

    /// Flushes the salt key after a session was opened to read. If each operation opens a session, the key is saved: whether the next one
    /// does is not known, and a resource manager loads and saves every loaded object around each command.
    pub(crate) fn put_away_salt_key(&mut self) -> Result<(), Error> {
        while let Some(parent) = self.slots.parent(&[]).filter(|_| self.rules.keep.is_some()) {
            self.save_and_evict(parent)?;
        }
        self.trim_loaded(&[])
    }

    /// Saves and flushes the derived parents before an operation that needs only its key. A resource manager loads and saves every loaded
    /// object around each command. An operation that must load its key does not call this, because the process may use the key only once.
    pub(crate) fn put_away_parents(&mut self) -> Result<(), Error> {
        if !self.rules.kernel {
            return Ok(());
        }
        for object in self.slots.transients() {
            let Transient::Parent(number) = object else { continue };
            if !self.parents.get(number).is_ok_and(|known| known.reloaded < MAX_RELOADS) {
                continue;
            }
            match self.save_and_evict(object) {
                // The operation works with the parent, too, so it stays.
                Err(error) if error.code().is_some() => self.keep_loaded(number),
                done => done?,
            }
        }
        Ok(())
    }

    fn keep_loaded(&mut self, number: usize) {
        if let Some(known) = self.parents.get_mut(number) {
            known.reloaded = MAX_RELOADS;
        }
    }

    /// Flushes an object. A derived parent that may be used again is saved first, because deriving it takes long on some chips.
    fn save_and_evict(&mut self, object: Transient) -> Result<(), Error> {
        if let Transient::Parent(number) = object {
            let known = self.parents.get(number)?;
            // The null primary key is only a salt key. In a shared TPM, a parent is not saved the first time: a second use is
            // uncertain, and saving costs a command.
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
