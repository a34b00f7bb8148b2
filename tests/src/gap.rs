//! Emulates the context gap: swtpm's is fixed at 65,535; some chips have only 255.
//!
//! A TPM numbers the session contexts that it saves, and keeps only the low bits of each saved session's number. If the oldest saved
//! session falls that far behind, the TPM refuses to save or start any session (TPM_RC_CONTEXT_GAP) until the oldest is loaded or flushed
//! (TPM 2.0 Library, Part 1 §30.5). It does not matter which program holds the oldest.
use std::collections::BTreeMap;

/// The numbers of the currently saved sessions.
pub(crate) struct Gap {
    size: u64,
    saves: u64,
    saved: BTreeMap<u32, u64>,
}

impl Gap {
    pub(crate) fn new(size: u64) -> Self {
        Self { size, saves: 0, saved: BTreeMap::new() }
    }

    /// Returns true if the oldest saved session blocks all others.
    pub(crate) fn reached(&self) -> bool {
        self.saved.values().any(|number| self.saves - number >= self.size)
    }

    /// Records that the session's context was saved.
    pub(crate) fn save(&mut self, session: u32) {
        self.saves += 1;
        self.saved.insert(session, self.saves);
    }

    /// Records that the session was loaded or flushed.
    pub(crate) fn forget(&mut self, session: u32) {
        self.saved.remove(&session);
    }
}
