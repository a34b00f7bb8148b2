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
    /// handle. The first time costs one command. Only an answer about the handle rejects the copy for later uses: after any other refusal,
    /// and after an answer that cannot be trusted, only this use derives the parent.
    pub(crate) fn persistent_copy(&mut self, parent: &Parent) -> Result<Option<Parent>, Error> {
        let copy = parent.persistent_copy().filter(|_| !self.rules.copies.is_rejected(parent.storage));
        let Some(copy) = copy.filter(|_| self.must_derive(parent)) else { return Ok(None) };
        let is_absent = |error: &Error| error.base_code() == Some(ResponseCode::HANDLE);
        match self.find_copy(&copy) {
            Ok(true) => return Ok(Some(copy)),
            Ok(false) => self.rules.copies.reject(parent.storage),
            Err(error) if is_about_connection(&error) => return Err(error),
            Err(error) if is_absent(&error) => self.rules.copies.reject(parent.storage),
            Err(_) => {}
        }
        Ok(None)
    }

    /// Returns true if the key at the handle has the template of the copy. Only such a key becomes a known parent.
    fn find_copy(&mut self, copy: &Parent) -> Result<bool, Error> {
        let template = copy.storage.template();
        if let Some(number) = self.parents.find(copy.handle, copy.storage) {
            return Ok(matches_template(self.parent_public(number)?.0, &template));
        }
        let (public, name) = self.parent_area(copy.handle)?;
        if !matches_template(&public, &template) {
            return Ok(false);
        }
        self.check_pinned(copy, &name)?;
        self.remember(copy, public, name);
        Ok(true)
    }

    /// Returns the persistent copy of a parent if there is one, otherwise the parent.
    pub(crate) fn copy_or_parent(&mut self, parent: &Parent) -> Result<Parent, Error> {
        Ok(self.persistent_copy(parent)?.unwrap_or_else(|| parent.clone()))
    }

    /// Returns true if another operation may succeed under the parent itself after this error under its copy: the copy is another key, has
    /// a password, or is gone.
    pub(crate) fn is_refused_by_copy(error: &Error) -> bool {
        error.code().is_some_and(ResponseCode::is_about_a_part) && !is_about_connection(error)
    }

    /// Explains the error of the parent itself, after its copy has refused to load the file: if the parent cannot be derived without its
    /// password, the file may as well be one that no parent of this TPM can load. A remembered error has been explained before.
    pub(crate) fn explain_after_copy(error: Error, refusal: &Error) -> Error {
        if error.is_remembered() || refusal.code().is_none_or(is_password) {
            return error;
        }
        match error.kind() {
            ErrorKind::ParentPasswordMissing => error.advise(
                "give the parent's password (TPM2_PIN, pin in openssl.cnf, or --passparent), or the file belongs to another machine: the \
                 key at 0x81000001 does not open it",
            ),
            ErrorKind::ParentAuthorization => error.advise(
                "the parent's password is wrong, or the file belongs to another machine: the storage key at 0x81000001 does not open it",
            ),
            _ => error,
        }
    }
}

/// Returns true if the error shows nothing about the object at the handle: the TPM has not answered, has no free slot, was reset, or has
/// lost the session.
fn is_about_connection(error: &Error) -> bool {
    let lost = |code: ResponseCode| {
        let in_session = matches!(code.part(), Some(Part::Session(_))) && !is_password(code);
        code.base() == ResponseCode::INITIALIZE || code.is_lost_reference() || in_session
    };
    error.is_without_answer()
        || error.is_being_tried()
        || error.kind() == ErrorKind::ObjectMemory
        || error.code().is_some_and(lost)
}

/// Returns true if the TPM refused an authorization.
fn is_password(code: ResponseCode) -> bool {
    matches!(code.base(), ResponseCode::AUTH_FAIL | ResponseCode::BAD_AUTH)
}
