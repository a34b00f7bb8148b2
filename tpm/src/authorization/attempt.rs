//! An attempt to prove an authValue to an entity of a TPM.

use keyfile::{Handle, Name};

use super::memory::memory;
use super::table::{ENTITY, Row, State, Tag};
use crate::error::Error;

/// An entity and the value to prove to it. The value itself is not stored.
#[derive(Clone)]
pub(crate) struct Attempt {
    pub(super) entity: Tag,
    pub(super) value: Tag,
    pub(super) name: Name,
    pub(super) is_empty: bool,
    /// True if a wrong value counts towards the dictionary-attack lockout.
    pub(super) counts_failures: bool,
    /// True if another program can change the entity's value.
    pub(super) changeable: bool,
    /// The handle at which to verify the entity before a value is tried again.
    pub(super) handle: Option<Handle>,
}

impl Attempt {
    /// Creates an attempt for the key in a file. Its value is fixed in its private part.
    pub(crate) fn of_file(tpm: &str, name: &Name, private: &[u8], value: &[u8]) -> Result<Self, Error> {
        let attempt = Self::new(&[tpm.as_bytes(), name.as_bytes(), private], name.clone(), value)?;
        Ok(Self { changeable: false, ..attempt })
    }

    /// Creates an attempt for an entity with a Name that stays in the TPM: a persistent object or an NV index.
    pub(crate) fn of_named(tpm: &str, name: &Name, value: &[u8]) -> Result<Self, Error> {
        Self::new(&[tpm.as_bytes(), name.as_bytes()], name.clone(), value)
    }

    /// Creates an attempt for a hierarchy. Its refusals do not count towards the lockout.
    pub(crate) fn of_hierarchy(tpm: &str, hierarchy: Handle, value: &[u8]) -> Result<Self, Error> {
        Self::of_named(tpm, &Name::from(hierarchy), value)
    }

    fn new(entity: &[&[u8]], name: Name, value: &[u8]) -> Result<Self, Error> {
        let memory = memory()?;
        let entity = memory.tag(entity);
        let [high, low] = entity;
        Ok(Self {
            entity,
            // The tag includes the entity, so equal passwords of two entities cannot be recognized.
            value: memory.tag(&[&high.to_be_bytes(), &low.to_be_bytes(), value]),
            name,
            is_empty: value.is_empty(),
            counts_failures: false,
            changeable: true,
            handle: None,
        })
    }

    /// Sets whether a wrong value counts towards the dictionary-attack lockout.
    pub(crate) fn counting_failures(self, counts_failures: bool) -> Self {
        Self { counts_failures, ..self }
    }

    /// Sets the handle at which to verify the entity before another try.
    pub(crate) fn at_handle(self, at: Handle) -> Self {
        Self { handle: Some(at), ..self }
    }

    /// Records that the entity is at its handle.
    pub(crate) fn note_entity_present(&self) -> Result<(), Error> {
        self.note_entity(State::Proven)
    }

    /// Records that the entity is not verified, unless its state is known already.
    pub(crate) fn note_entity_unverified(&self) -> Result<(), Error> {
        match self.entity_state()? {
            State::Unknown => self.note_entity(State::Unverified),
            _ => Ok(()),
        }
    }

    /// Returns true if the entity must be verified at its handle first.
    pub(crate) fn is_unverified(&self) -> Result<bool, Error> {
        Ok(self.entity_state()? == State::Unverified)
    }

    /// Forgets everything about an entity that is no longer at its handle.
    pub(super) fn forget_entity(&self) -> Result<(), Error> {
        memory()?.table.with(|rows| rows.forget(self.entity));
        self.note_entity(State::Unverified)
    }

    pub(super) fn note_entity(&self, state: State) -> Result<(), Error> {
        let memory = memory()?;
        let row = Row { entity: self.entity, value: ENTITY, state, since: memory.now(), ..Row::default() };
        memory.table.with(|rows| rows.put(row));
        Ok(())
    }

    fn entity_state(&self) -> Result<State, Error> {
        let row = memory()?.table.with(|rows| rows.find(self.entity, ENTITY));
        Ok(row.map(|row| row.state).unwrap_or_default())
    }
}

/// Creates the memory, so that children forked later share it.
///
/// # Errors
/// The system gives no random bytes.
pub(crate) fn init_memory() -> Result<(), Error> {
    memory().map(drop)
}
