//! The TPM's object places that we hold. A TPM has three, and so has a connection of the kernel's resource manager.
//!
//! A persistent handle takes one while its command runs, a command that makes an object takes one more: so at most two stay
//! taken, and room is made beforehand.

use keyfile::{Handle, Name};

use crate::command::{Command, Relief, flush};
use crate::transport::Transport;

/// How many objects may stay loaded.
pub(crate) const STANDING: usize = 2;

/// The places that we have taken.
#[derive(Default)]
pub(crate) struct Places {
    taken: Vec<Place>,
    clock: u64,
}

/// What is loaded at a handle.
pub(crate) struct Place {
    pub(crate) occupant: Occupant,
    pub(crate) handle: Handle,
    pub(crate) name: Name,
    used: u64,
}

/// Who takes a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occupant {
    /// A key, by its number in this process.
    Key(u64),
    /// A derived parent, by its number in this connection.
    Parent(usize),
    /// A key that one operation loads and flushes, by its part in it.
    Guest(u8),
}

impl Places {
    /// Where the occupant is, if it is loaded; it counts as used now.
    pub(crate) fn find(&mut self, occupant: Occupant) -> Option<Handle> {
        self.clock = self.clock.saturating_add(1);
        let place = self.taken.iter_mut().find(|place| place.occupant == occupant)?;
        place.used = self.clock;
        Some(place.handle)
    }

    /// Takes note of an object that was just loaded.
    pub(crate) fn take(&mut self, occupant: Occupant, handle: Handle, name: Name) {
        self.clock = self.clock.saturating_add(1);
        self.taken.push(Place { occupant, handle, name, used: self.clock });
    }

    /// Forgets an occupant, whose place is free or about to be.
    pub(crate) fn leave(&mut self, occupant: Occupant) -> Option<Handle> {
        self.leave_place(occupant).map(|place| place.handle)
    }

    /// The same, with all that is known of it.
    pub(crate) fn leave_place(&mut self, occupant: Occupant) -> Option<Place> {
        let at = self.taken.iter().position(|place| place.occupant == occupant)?;
        Some(self.taken.swap_remove(at))
    }

    /// Forgets all.
    pub(crate) fn leave_all(&mut self) -> Vec<Place> {
        std::mem::take(&mut self.taken)
    }

    /// All that have one.
    pub(crate) fn occupants(&self) -> Vec<Occupant> {
        self.taken.iter().map(|place| place.occupant).collect()
    }

    /// A guest, if one is there.
    pub(crate) fn guest(&self) -> Option<Occupant> {
        let mut occupants = self.taken.iter().map(|place| place.occupant);
        occupants.find(|occupant| matches!(occupant, Occupant::Guest(_)))
    }

    pub(crate) fn len(&self) -> usize {
        self.taken.len()
    }

    /// The one whose last use is longest ago, but for those that are needed now. Guests are, as long as they are there.
    pub(crate) fn least_recent(&self, needed: &[Occupant]) -> Option<Occupant> {
        let is_guest = |place: &Place| matches!(place.occupant, Occupant::Guest(_));
        let others = self.taken.iter().filter(|place| !needed.contains(&place.occupant) && !is_guest(place));
        others.min_by_key(|place| place.used).map(|place| place.occupant)
    }

    /// A parent that is loaded, but for those that are needed now.
    pub(crate) fn parent(&self, needed: &[Occupant]) -> Option<Occupant> {
        let mut parents = self.taken.iter().map(|place| place.occupant);
        parents.find(|occupant| matches!(occupant, Occupant::Parent(_)) && !needed.contains(occupant))
    }
}

impl Relief for Places {
    /// The TPM has fewer places than it should, because others take them: gives up one of ours.
    fn make_room(&mut self, transport: &mut dyn Transport, command: &Command<'_>) -> bool {
        let needed = |place: &Place| command.handles.iter().any(|entity| entity.handle == place.handle);
        let needed: Vec<_> =
            self.taken.iter().filter(|place| needed(place)).map(|place| place.occupant).collect();
        let Some(victim) = self.least_recent(&needed) else { return false };
        let Some(Ok(code)) = self.find(victim).map(|handle| flush(transport, handle)) else { return false };
        self.leave(victim);
        code.is_success()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut places = Places::default();
        let [a, b] = [Occupant::Key(1), Occupant::Key(2)];
        places.take(a, Handle(0x8000_0000), Name::default());
        places.take(b, Handle(0x8000_0001), Name::default());
        assert_eq!(places.find(a), Some(Handle(0x8000_0000)));
        assert_eq!(places.least_recent(&[]), Some(b));
        assert_eq!(places.least_recent(&[b]), Some(a));
        assert_eq!(places.leave(b), Some(Handle(0x8000_0001)));
        assert_eq!((places.find(b), places.len()), (None, 1));
    }
}
