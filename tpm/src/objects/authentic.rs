//! Reads data that is trusted afterwards: public areas, PCR values, capabilities. It is read in a session that authenticates the
//! answers, because a bus attacker could otherwise choose them (TPM 2.0 Part 1 §19.6.3, audit).

use keyfile::{Handle, Name, NvPublic, Public};

use crate::command::Run;
use crate::command::nv::{nv_read_public, nv_read_public_audited};
use crate::command::object::{read_public, read_public_audited};
use crate::connection::Connection;
use crate::error::Error;

impl Connection {
    /// Opens a session, so that the next answers are authenticated. If the user has disabled sessions, none is opened.
    pub(crate) fn open_for_reading(&mut self) -> Result<(), Error> {
        if !self.is_authentic() {
            self.drop_session()?;
            self.open_session(None)?;
            self.put_away_salt_key()?;
        }
        Ok(())
    }

    /// Opens a session if the user has pinned the salt key: then only authenticated answers are trusted. Otherwise an open session is used,
    /// but none is opened.
    pub(crate) fn open_if_pinned(&mut self) -> Result<(), Error> {
        match self.rules.salt_name {
            Some(_) => self.open_for_reading(),
            None => Ok(()),
        }
    }

    /// Returns the public area at a handle.
    pub(crate) fn authentic_public(&mut self, handle: Handle) -> Result<(Public, Name), Error> {
        let (_, name) = read_public(self, handle)?;
        self.open_for_reading()?;
        self.read_authenticated(handle, &name)
    }

    /// Returns the public area of a parent. A session may be salted to this key, so none is opened for it, unless the user has pinned
    /// another salt key.
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

    /// Returns the public area of an NV index.
    pub(crate) fn authentic_index(&mut self, index: Handle) -> Result<(NvPublic, Name), Error> {
        let (_, name) = nv_read_public(self, index)?;
        self.open_for_reading()?;
        nv_read_public_audited(self, index, &name).map_err(|error| error.on(index))
    }

    /// Returns the public area for a caller that reads the contents next: NV_Read proves the Name.
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
