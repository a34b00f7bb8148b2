//! An attempt: an entity of a TPM, and the authValue that is to be proven to it.

use keyfile::{Handle, Name};

use super::memory::memory;
use super::table::{ENTITY, Row, State, Tag};
use crate::error::Error;

/// An entity, and the value that is to be proven to it. The value itself is not in it.
#[derive(Clone)]
pub(crate) struct Attempt {
    pub(super) entity: Tag,
    pub(super) value: Tag,
    pub(super) name: Name,
    pub(super) is_empty: bool,
    /// Whether a wrong value brings a lockout nearer.
    pub(super) counts_failures: bool,
    /// Whether others can give the entity another value.
    pub(super) changeable: bool,
    /// Where to look whether it is there, before a value is tried again.
    pub(super) handle: Option<Handle>,
}

impl Attempt {
    /// The key of a file: its value is fixed in its private part.
    pub(crate) fn of_file(tpm: &str, name: &Name, private: &[u8], value: &[u8]) -> Result<Self, Error> {
        let attempt = Self::new(&[tpm.as_bytes(), name.as_bytes(), private], name.clone(), value)?;
        Ok(Self { changeable: false, ..attempt })
    }

    /// What has a Name and stays in the TPM: a persistent object, an NV index.
    pub(crate) fn of_named(tpm: &str, name: &Name, value: &[u8]) -> Result<Self, Error> {
        Self::new(&[tpm.as_bytes(), name.as_bytes()], name.clone(), value)
    }

    /// A hierarchy, whose refusals count towards no lockout.
    pub(crate) fn of_hierarchy(tpm: &str, hierarchy: Handle, value: &[u8]) -> Result<Self, Error> {
        Self::of_named(tpm, &Name::from(hierarchy), value)
    }

    fn new(entity: &[&[u8]], name: Name, value: &[u8]) -> Result<Self, Error> {
        let memory = memory()?;
        let entity = memory.tag(entity);
        let [high, low] = entity;
        Ok(Self {
            entity,
            // Whoever has the same password twice tells nobody so.
            value: memory.tag(&[&high.to_be_bytes(), &low.to_be_bytes(), value]),
            name,
            is_empty: value.is_empty(),
            counts_failures: false,
            changeable: true,
            handle: None,
        })
    }

    /// Says whether a wrong value brings a lockout nearer.
    pub(crate) fn counting_failures(self, counts_failures: bool) -> Self {
        Self { counts_failures, ..self }
    }

    /// Says where the entity was, to be looked at before another try.
    pub(crate) fn at_handle(self, at: Handle) -> Self {
        Self { handle: Some(at), ..self }
    }

    /// Takes note that the entity is at its place.
    pub(crate) fn note_entity_present(&self) -> Result<(), Error> {
        self.note_entity(State::Proven)
    }

    /// Takes note that nobody has clock_read, unless somebody has.
    pub(crate) fn note_entity_unverified(&self) -> Result<(), Error> {
        match self.entity_state()? {
            State::Unknown => self.note_entity(State::Unverified),
            _ => Ok(()),
        }
    }

    /// Whether somebody has to look first whether the entity is at its place.
    pub(crate) fn is_unverified(&self) -> Result<bool, Error> {
        Ok(self.entity_state()? == State::Unverified)
    }

    /// Forgets all about an entity that is not there any more.
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

/// Makes the memory, so that children forked from now on share it.
///
/// # Errors
/// The system gives no random bytes.
pub(crate) fn init_memory() -> Result<(), Error> {
    memory().map(drop)
}
