//! What is read and then believed: public areas, PCR values, what the TPM can do. Whoever sits on the bus would choose it, if it were not
//! read in a session that authenticates the answers (TPM 2.0 Part 1 §19.6.3, audit).

use keyfile::{Handle, Name, NvPublic, Public};

use crate::command::Run;
use crate::command::nv::{nv_read_public, nv_read_public_audited};
use crate::command::object::{read_public, read_public_audited};
use crate::connection::Connection;
use crate::error::Error;

impl Connection {
    /// Opens a session, so that the answers to what is read next are authentic. There is none where the user has chosen so.
    pub(crate) fn open_for_reading(&mut self) -> Result<(), Error> {
        if !self.is_authentic() {
            self.drop_session()?;
            self.open_session(None)?;
            // The salt key has done its work.
            self.trim_loaded(&[])?;
        }
        Ok(())
    }

    /// The same where the user has named the salt key: then nothing is believed that is not authentic. Elsewhere a session that is open
    /// is used, and none is opened.
    pub(crate) fn open_if_pinned(&mut self) -> Result<(), Error> {
        match self.rules.salt_name {
            Some(_) => self.open_for_reading(),
            None => Ok(()),
        }
    }

    /// The public area at a handle.
    pub(crate) fn authentic_public(&mut self, handle: Handle) -> Result<(Public, Name), Error> {
        let (_, name) = read_public(self, handle)?;
        self.open_for_reading()?;
        self.read_authenticated(handle, &name)
    }

    /// The public area of a parent. A session may be salted to this very key, so none is opened for it, unless the user has named another.
    pub(crate) fn parent_area(&mut self, handle: Handle) -> Result<(Public, Name), Error> {
        let (public, name) = read_public(self, handle)?;
        if self.rules.salt_name.as_ref() == Some(&name) {
            return Ok((public, name));
        }
        self.open_if_pinned()?;
        match self.is_authentic() {
            true => self.read_authenticated(handle, &name),
            false => Ok((public, name)),
        }
    }

    /// The public area of an NV index.
    pub(crate) fn authentic_index(&mut self, index: Handle) -> Result<(NvPublic, Name), Error> {
        let (_, name) = nv_read_public(self, index)?;
        self.open_for_reading()?;
        nv_read_public_audited(self, index, &name).map_err(|error| error.on(index))
    }

    /// The same for a caller that reads its contents next: NV_Read proves the Name.
    pub(crate) fn index_to_read(&mut self, index: Handle) -> Result<(NvPublic, Name), Error> {
        match self.rules.salt_name {
            Some(_) => self.authentic_index(index),
            None => nv_read_public(self, index),
        }
    }

    fn read_authenticated(&mut self, handle: Handle, name: &Name) -> Result<(Public, Name), Error> {
        read_public_audited(self, handle, name).map_err(|error| error.on(handle))
    }
}
