//! Prepares a key for a command: loads it into a slot, and opens a session to protect the command.

use std::borrow::Cow;

use keyfile::{Handle, KeyFile};

use super::usable::explain_missing;
use super::{Inner, Origin};
use crate::authorization::policy::Runner;
use crate::command::{Protect, object};
use crate::connection::{Connection, Transient};
use crate::error::{Error, ErrorKind};
use crate::objects::Parent;
use crypto::wrap::Duplicate;

impl Inner {
    /// Returns a handle for the next command, and opens a session unless `bare` is true. The session of `runner` is opened while the
    /// parent is loaded as its salt key.
    pub(super) fn ready(
        &self,
        connection: &mut Connection,
        bare: bool,
        runner: Option<&Runner<'_>>,
    ) -> Result<Handle, Error> {
        match &self.origin {
            Origin::Persistent { handle } => {
                if self.attempt.is_unverified()? {
                    self.check_name_unchanged(connection, *handle)?;
                    self.attempt.note_entity_present()?;
                }
                if !bare {
                    connection.open_session(None)?;
                }
                Ok(*handle)
            }
            Origin::File { file, parent } => {
                let transient = Transient::Key(self.number);
                match connection.slots.find(transient) {
                    Some(handle) if bare || connection.rules.unprotected || connection.has_session() => {
                        Ok(handle)
                    }
                    Some(handle) => {
                        let salt = connection.copy_or_parent(parent)?;
                        connection.parent_in_session(&salt)?;
                        // The salt key may have taken the key's slot.
                        match connection.slots.find(transient) {
                            Some(_) => Ok(handle),
                            None => self.load(connection, file, parent, bare, runner),
                        }
                    }
                    None => self.load(connection, file, parent, bare, runner),
                }
            }
        }
    }

    /// Returns an error if another key is at the handle.
    pub(super) fn check_name_unchanged(
        &self,
        connection: &mut Connection,
        handle: Handle,
    ) -> Result<(), Error> {
        let (_, name) = object::read_public(connection, handle).map_err(explain_missing)?;
        if name == self.name {
            return Ok(());
        }
        Err(Error::new(ErrorKind::NoObject, "another key is at this handle now")
            .on(self)
            .advise("the former key was removed: open the key again, or create a new reference file"))
    }

    /// Loads the key, under the persistent copy of its parent if there is one.
    fn load(
        &self,
        connection: &mut Connection,
        file: &KeyFile,
        parent: &Parent,
        bare: bool,
        runner: Option<&Runner<'_>>,
    ) -> Result<Handle, Error> {
        let Some(copy) = connection.persistent_copy(parent)? else {
            return self.load_under(connection, file, parent, bare, runner);
        };
        let refusal = match self.load_under(connection, file, &copy, bare, runner) {
            Err(error) if Connection::is_refused_by_copy(&error) => error,
            done => return done,
        };
        // After a refused command, the sessions may be out of step with the TPM.
        connection.drop_session()?;
        connection.drop_policy()?;
        let loaded = self
            .load_under(connection, file, parent, bare, runner)
            .map_err(|error| Connection::explain_after_copy(error, &refusal))?;
        connection.rules.copies.reject(parent.storage);
        Ok(loaded)
    }

    fn load_under(
        &self,
        connection: &mut Connection,
        file: &KeyFile,
        parent: &Parent,
        bare: bool,
        runner: Option<&Runner<'_>>,
    ) -> Result<Handle, Error> {
        // Without a password there is nothing to hide: the private part is encrypted, and the Name shows which object was loaded.
        let is_public = bare && runner.is_none() && file.secret.is_none() && parent.auth.is_none();
        let number = match is_public {
            true => connection.authorized_parent(parent)?,
            false => connection.parent_in_session(parent)?,
        };
        if let Some(runner) = runner {
            runner.open(connection)?;
        }
        let private = match &file.secret {
            None => Cow::Borrowed(&file.private),
            Some(secret) => Cow::Owned(self.import(connection, number, parent, file, secret)?),
        };
        let protect = match bare {
            true if is_public && !connection.has_session() => Protect::NONE,
            true => Protect::SESSION.last(),
            false => Protect::SESSION,
        };
        let loaded = connection.load_under(number, parent, (&private, &file.public), protect)?;
        connection.register_key(Transient::Key(self.number), &loaded, &self.name)
    }

    /// Imports the key of the file (TPM2_Import), once per process.
    #[inline(never)]
    fn import(
        &self,
        connection: &mut Connection,
        number: usize,
        parent: &Parent,
        file: &KeyFile,
        secret: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let above = connection.parent_public(number)?.1.clone();
        let parts = [above.as_bytes(), self.name.as_bytes(), secret, &file.private];
        if let Some(private) = self.tpm.imports().find(&parts) {
            return Ok(private);
        }
        let duplicate = Duplicate {
            public: file.public.clone(),
            duplicate: file.private.clone(),
            secret: secret.to_vec(),
        };
        let private = connection.import_under(number, parent, &duplicate, Protect::SESSION)?;
        self.tpm.imports().insert(&parts, &private);
        Ok(private)
    }
}
