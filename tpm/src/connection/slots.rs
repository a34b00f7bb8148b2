//! The TPM's object slots that this connection uses. A TPM has three, and so has a connection to the kernel's resource manager.
//!
//! A persistent object takes a slot while its command runs, and a command that makes an object takes another. So at most two objects
//! stay loaded, and slots are freed in advance.

use keyfile::{Handle, Name};

use crate::command::{Command, Evict};

/// The number of objects that may stay loaded.
pub(crate) const MAX_LOADED: usize = 2;

/// The slots in use.
#[derive(Default)]
pub(crate) struct Slots {
    taken: Vec<Slot>,
    /// The objects that the running operation needs until its end.
    pinned: Vec<Transient>,
    clock: u64,
}

/// An object that is loaded at a handle.
pub(crate) struct Slot {
    pub(crate) transient: Transient,
    pub(crate) handle: Handle,
    pub(crate) name: Name,
    used: u64,
}

/// The identity of a loaded object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transient {
    /// A key, by its number in this process.
    Key(u64),
    /// A derived parent, by its number in this connection.
    Parent(usize),
    /// A key that one operation loads and flushes, by its role in the operation.
    Temporary(u8),
}

impl Slots {
    /// Returns the handle of an object if it is loaded, and marks it as used now.
    pub(crate) fn find(&mut self, transient: Transient) -> Option<Handle> {
        self.clock = self.clock.saturating_add(1);
        let slot = self.taken.iter_mut().find(|slot| slot.transient == transient)?;
        slot.used = self.clock;
        Some(slot.handle)
    }

    /// Returns true if the object is loaded.
    pub(crate) fn holds(&self, transient: Transient) -> bool {
        self.taken.iter().any(|slot| slot.transient == transient)
    }

    /// Returns true if one of these objects is at the handle.
    pub(crate) fn is_taken(&self, handle: Handle) -> bool {
        self.taken.iter().any(|slot| slot.handle == handle)
    }

    /// Adds an object that was just loaded.
    pub(crate) fn insert(&mut self, transient: Transient, handle: Handle, name: Name) {
        self.clock = self.clock.saturating_add(1);
        self.taken.push(Slot { transient, handle, name, used: self.clock });
    }

    /// Keeps an object loaded until the operation ends.
    pub(crate) fn pin(&mut self, transient: Transient) {
        self.pinned.push(transient);
    }

    /// Ends the pins of an operation.
    pub(crate) fn unpin_all(&mut self) {
        self.pinned.clear();
    }

    /// Removes and returns an object whose slot is free or about to be.
    pub(crate) fn remove(&mut self, transient: Transient) -> Option<Slot> {
        let at = self.taken.iter().position(|slot| slot.transient == transient)?;
        Some(self.taken.swap_remove(at))
    }

    /// Removes all objects.
    pub(crate) fn drain(&mut self) -> Vec<Slot> {
        std::mem::take(&mut self.taken)
    }

    /// Returns all loaded objects.
    pub(crate) fn transients(&self) -> Vec<Transient> {
        self.taken.iter().map(|slot| slot.transient).collect()
    }

    /// Returns an object of the running operation, if one is loaded.
    pub(crate) fn temporary(&self) -> Option<Transient> {
        let mut transients = self.taken.iter().map(|slot| slot.transient);
        transients.find(|transient| matches!(transient, Transient::Temporary(_)))
    }

    /// Removes the object at a handle.
    pub(crate) fn forget(&mut self, handle: Handle) {
        self.taken.retain(|slot| slot.handle != handle);
    }

    /// Returns the handles of all objects.
    pub(crate) fn handles(&self) -> impl Iterator<Item = Handle> {
        self.taken.iter().map(|slot| slot.handle)
    }

    pub(crate) fn len(&self) -> usize {
        self.taken.len()
    }

    /// Returns the least recently used object that is not needed now. Objects of the running operation are always needed.
    pub(crate) fn least_recent(&self, needed: &[Transient]) -> Option<Transient> {
        let in_use = |slot: &Slot| {
            matches!(slot.transient, Transient::Temporary(_)) || self.pinned.contains(&slot.transient)
        };
        let others = self.taken.iter().filter(|slot| !needed.contains(&slot.transient) && !in_use(slot));
        others.min_by_key(|slot| slot.used).map(|slot| slot.transient)
    }

    /// Returns a loaded parent that is not needed now.
    pub(crate) fn parent(&self, needed: &[Transient]) -> Option<Transient> {
        let mut parents = self.taken.iter().map(|slot| slot.transient);
        parents.find(|transient| matches!(transient, Transient::Parent(_)) && !needed.contains(transient))
    }
}

impl Evict for Slots {
    /// Chooses one of our objects when the TPM has fewer free slots than expected, because other processes use them.
    fn victim(&mut self, command: &Command<'_>) -> Option<Handle> {
        let needed = |slot: &Slot| command.handles.iter().any(|entity| entity.handle == slot.handle);
        let needed: Vec<_> =
            self.taken.iter().filter(|slot| needed(slot)).map(|slot| slot.transient).collect();
        let victim = self.least_recent(&needed)?;
        self.taken.iter().find(|slot| slot.transient == victim).map(|slot| slot.handle)
    }

    fn evicted(&mut self, handle: Handle) {
        self.forget(handle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_object_is_evicted_first() {
        let mut slots = Slots::default();
        let [a, b] = [Transient::Key(1), Transient::Key(2)];
        slots.insert(a, Handle(0x8000_0000), Name::default());
        slots.insert(b, Handle(0x8000_0001), Name::default());
        assert_eq!(slots.find(a), Some(Handle(0x8000_0000)));
        assert_eq!(slots.least_recent(&[]), Some(b));
        assert_eq!(slots.least_recent(&[b]), Some(a));
        assert_eq!(slots.remove(b).unwrap().handle, Handle(0x8000_0001));
        assert_eq!((slots.find(b), slots.len()), (None, 1));
    }
}
