//! The persistent copy of a storage key: a key file of the owner hierarchy is loaded under it, so that the storage key need not be derived.
//!
//! The public area alone does not show that the key at the handle is the derived one, because another unique field gives another key with
//! the same attributes. The TPM shows it: TPM2_Load under another key fails. So a copy is used to load a key and as a salt key, and never
//! to create a key, which might be lost with the copy.

use super::Parent;
use crate::connection::Connection;
use crate::error::{Error, ErrorKind};
use crate::rc::{Part, ResponseCode};
use crate::template::matches_template;

impl Connection {
    /// Returns the persistent copy of a parent, if the next use would derive that parent and a key with its template is at the copy's
    /// handle. The first time costs one command.
    pub(crate) fn persistent_copy(&mut self, parent: &Parent) -> Result<Option<Parent>, Error> {
        let copy = parent.persistent_copy().filter(|_| !self.rules.copies.is_rejected(parent.storage));
        let Some(copy) = copy.filter(|_| self.must_derive(parent)) else { return Ok(None) };
        match self.parent(&copy) {
            Ok(number) if matches_template(self.parent_public(number)?.0, &parent.storage.template()) => {
                Ok(Some(copy))
            }
            Err(error) if is_about_connection(&error) => Err(error),
            // An answer that cannot be trusted has the same effect as none: the parent is derived.
            Ok(_) | Err(_) => {
                self.rules.copies.reject(parent.storage);
                Ok(None)
            }
        }
    }

    /// Returns the persistent copy of a parent if there is one, otherwise the parent.
    pub(crate) fn copy_or_parent(&mut self, parent: &Parent) -> Result<Parent, Error> {
        Ok(self.persistent_copy(parent)?.unwrap_or_else(|| parent.clone()))
    }

    /// Returns true if another operation may succeed under the parent itself after this error under its copy: the copy is another key, has
    /// a password, or is gone.
    pub(crate) fn is_refused_by_copy(error: &Error) -> bool {
        let Some(code) = error.code().filter(|_| !is_about_connection(error)) else { return false };
        let refused =
            matches!(code.base(), ResponseCode::INTEGRITY | ResponseCode::AUTH_FAIL | ResponseCode::BAD_AUTH);
        refused || matches!(code.part(), Some(Part::Handle(_) | Part::Parameter(_)))
    }
}

/// Returns true if the error shows nothing about the object at the handle: the TPM has not answered, has no free slot, was reset, or has
/// lost the session.
fn is_about_connection(error: &Error) -> bool {
    let lost = |code: ResponseCode| {
        let in_session = matches!(code.part(), Some(Part::Session(_)))
            && !matches!(code.base(), ResponseCode::AUTH_FAIL | ResponseCode::BAD_AUTH);
        code.base() == ResponseCode::INITIALIZE || code.is_lost_reference() || in_session
    };
    error.is_without_answer()
        || error.is_being_tried()
        || error.kind() == ErrorKind::ObjectMemory
        || error.code().is_some_and(lost)
}
