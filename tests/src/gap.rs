//! The context gap, emulated: swtpm's is 65,535 and fixed, chips have as little as 255.
//!
//! A TPM numbers the session contexts that it saves, and keeps of each saved session only so many bits of its number.
//! When the oldest is that far behind, it refuses to save or to start any session (TPM_RC_CONTEXT_GAP) until the
//! oldest was loaded or flushed (TPM 2.0 Library, Part 1 §30.5). Who holds the oldest does not matter.
use std::collections::BTreeMap;

/// The numbers of the sessions that are saved now.
pub(crate) struct Gap {
    size: u64,
    saves: u64,
    saved: BTreeMap<u32, u64>,
}

impl Gap {
    pub(crate) fn new(size: u64) -> Self {
        Self { size, saves: 0, saved: BTreeMap::new() }
    }

    /// Whether the oldest saved session stops all others.
    pub(crate) fn reached(&self) -> bool {
        self.saved.values().any(|number| self.saves - number >= self.size)
    }

    /// The session's context was saved.
    pub(crate) fn save(&mut self, session: u32) {
        self.saves += 1;
        self.saved.insert(session, self.saves);
    }

    /// The session was loaded or flushed.
    pub(crate) fn forget(&mut self, session: u32) {
        self.saved.remove(&session);
    }
}
