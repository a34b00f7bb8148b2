//! The parents of keys in the TPM: persistent ones by their public area, derived ones by their template. They are loaded again when
//! needed.

use keyfile::{Handle, Name, Public};

use super::Parent;
use crate::command::context::context_load;
use crate::command::hierarchy::create_primary;
use crate::command::{Entity, Guarded, same};
use crate::connection::{Connection, KnownParent, MAX_LOADED, Transient};
use crate::error::{Error, ErrorKind};
use crate::rc::{Part, ResponseCode};
use crate::template::matches_template;

impl Connection {
    /// Returns the parent's number. The first time costs one command.
    pub(crate) fn parent(&mut self, parent: &Parent) -> Result<usize, Error> {
        let Parent { handle, storage, .. } = *parent;
        if let Some(number) = self.parents.find(handle, storage) {
            return Ok(number);
        }
        if handle.is_transient() {
            return Err(transient_parent(handle));
        }
        // First, because the session may need the null primary key.
        self.open_session_for(parent)?;
        if let Some(number) = self.parents.find(handle, storage) {
            return Ok(number);
        }
        let (public, name) = match parent.is_derived() {
            true => self.derive(parent, self.parents.next())?,
            false => self.parent_area(handle).map_err(|error| explain_missing_parent(error, handle))?,
        };
        let number = self.parents.next();
        if let Err(error) = self.check_pinned(parent, &name) {
            self.evict(Transient::Parent(number))?;
            return Err(error);
        }
        self.remember(parent, public, name);
        Ok(number)
    }

    /// Adds a parent. It gets the next number.
    pub(super) fn remember(&mut self, parent: &Parent, public: Public, name: Name) {
        let Parent { handle, storage, .. } = *parent;
        self.parents.push(KnownParent {
            handle,
            storage,
            public,
            name,
            saved: None,
            derived: 1,
            reloaded: 0,
        });
    }

    /// Returns the public area of a parent.
    pub(crate) fn parent_public(&self, number: usize) -> Result<(&Public, &Name), Error> {
        self.parents.get(number).map(|known| (&known.public, &known.name))
    }

    /// Returns true if the next use of the parent derives it.
    pub(crate) fn must_derive(&self, parent: &Parent) -> bool {
        let Some(number) = self.parents.find(parent.handle, parent.storage) else {
            return parent.is_derived();
        };
        let is_saved = self.parents.get(number).is_ok_and(|known| known.saved.is_some());
        parent.is_derived() && !is_saved && !self.slots.holds(Transient::Parent(number))
    }

    /// Returns a handle of the parent for a command; loads it again if it has lost its slot.
    pub(crate) fn load_parent(&mut self, number: usize, parent: &Parent) -> Result<Handle, Error> {
        let known = self.parents.get(number)?;
        if !parent.is_derived() {
            return Ok(parent.handle);
        }
        let (name, saved) = (known.name.clone(), known.saved.clone());
        let slot = Transient::Parent(number);
        if let Some(handle) = self.slots.find(slot) {
            return Ok(handle);
        }
        if let Some(saved) = saved {
            self.free_slots(MAX_LOADED - 1, &[])?;
            match context_load(self, &saved) {
                Ok(handle) => {
                    self.slots.insert(slot, handle, name);
                    if let Some(known) = self.parents.get_mut(number) {
                        known.reloaded = known.reloaded.saturating_add(1);
                    }
                    return Ok(handle);
                }
                // The context is older than a reset, or came in an answer that was not authenticated.
                Err(error) if error.code().is_some_and(is_stale_context) => self.forget_context(number),
                Err(error) => return Err(error),
            }
        }
        self.open_session_for(parent)?;
        let (_, again) = self.derive(parent, number)?;
        same(&name, &again)?;
        if let Some(known) = self.parents.get_mut(number) {
            known.derived = known.derived.saturating_add(1);
        }
        Ok(self.slots.find(slot).unwrap_or(Handle::NULL))
    }

    fn forget_context(&mut self, number: usize) {
        if let Some(known) = self.parents.get_mut(number) {
            known.saved = None;
        }
    }

    /// Derives the parent (CreatePrimary).
    pub(crate) fn derive(&mut self, parent: &Parent, number: usize) -> Result<(Public, Name), Error> {
        let auth = parent.hierarchy_auth();
        let protect = self.protection_of_primary(parent, &auth);
        self.free_slots(MAX_LOADED - 1, &[])?;
        let hierarchy = Guarded { entity: Entity::plain(parent.handle), auth: &auth };
        let template = parent.storage.template();
        let primary =
            create_primary(self, &hierarchy, &template, protect).map_err(|error| parent.explain(error))?;
        let slot = Transient::Parent(number);
        self.slots.insert(slot, primary.handle, primary.name.clone());
        if !matches_template(&primary.public, &template) {
            self.evict(slot)?;
            return Err(Error::integrity("the TPM returned another kind of key than requested")
                .on(format_args!("parent {}", parent.handle)));
        }
        Ok((primary.public, primary.name))
    }
}

/// Returns true if the TPM refuses a saved context as foreign or outdated (Part 3 §28.3).
fn is_stale_context(code: ResponseCode) -> bool {
    let about_it = matches!(code.part(), Some(Part::Parameter(_)));
    about_it
        || matches!(
            code.base(),
            ResponseCode::INTEGRITY | ResponseCode::HANDLE | ResponseCode::SIZE | ResponseCode::VALUE
        )
}

/// Returns the error for a transient parent: another object may be at this handle now.
fn transient_parent(handle: Handle) -> Error {
    Error::new(
        ErrorKind::Input,
        format!("the key's parent is a transient handle ({handle}), which ended with the program that wrote the file"),
    )
    .advise("make the parent persistent (tpm2_evictcontrol), and create the file again with its handle (tpm2_encodeobject -C 0x81......)")
}

fn explain_missing_parent(error: Error, handle: Handle) -> Error {
    match error.base_code() {
        Some(ResponseCode::HANDLE) => error
            .on(format_args!("parent {handle}"))
            .advise("this TPM has no key there: the file is for another TPM, or the parent was removed"),
        _ => error,
    }
}
