//! Reads public areas, handles, PCRs, the lockout state and the clock.

use keyfile::{Handle, HashAlg, Name, PcrSelection, Public};

use super::Tpm;
use super::pcr::{self, PcrValue};
use crate::command::capability::{NV, PERSISTENT, handles};
use crate::command::{Lockout, TimeInfo, clock, lockout, startup};
use crate::error::{Error, ErrorKind};
use crate::rc::ResponseCode;

impl Tpm {
    /// Returns the public area and Name at a handle, read in a session that authenticates the answer.
    ///
    /// # Errors
    /// There is no object at the handle, the answer is not authentic, or there is no TPM.
    pub fn read_public(&self, handle: Handle) -> Result<(Public, Name), Error> {
        self.operate(|connection| connection.authentic_public(handle))
    }

    /// Returns the public area and Name of a transient object that another program has loaded. It stays loaded: this crate does not
    /// flush it.
    ///
    /// # Errors
    /// As [`Tpm::read_public`]. Also `NoObject`: the object belongs to this program, or a resource manager hides it.
    pub fn read_transient(&self, handle: Handle) -> Result<(Public, Name), Error> {
        self.operate(|connection| {
            let found = match connection.rules.kernel || connection.slots.is_taken(handle) {
                true => Err(Error::new(ErrorKind::NoObject, "there is no object of another program")),
                false => connection.authentic_public(handle),
            };
            let is_absent = |error: &Error| match error.base_code() {
                // A handle beyond the TPM's slots, and a free slot (Part 2 §6.6.3).
                Some(code) => matches!(code, ResponseCode::VALUE | ResponseCode::HANDLE | ResponseCode::REFERENCE_H0),
                None => error.kind() == ErrorKind::NoObject,
            };
            found.map_err(|error| match is_absent(&error) {
                true => error.of_kind(ErrorKind::NoObject).on(handle).advise(
                    "a resource manager shows each program its own objects only: make the key persistent (tpm2_evictcontrol)",
                ),
                false => error,
            })
        })
    }

    /// Returns the persistent handles in use.
    ///
    /// # Errors
    /// There is no TPM.
    pub fn persistent_handles(&self) -> Result<Vec<Handle>, Error> {
        self.list(PERSISTENT)
    }

    /// Returns the defined NV indexes.
    ///
    /// # Errors
    /// There is no TPM.
    pub fn nv_indexes(&self) -> Result<Vec<Handle>, Error> {
        self.list(NV)
    }

    /// Returns the values of these PCRs, all at the same time, in the order of the selection.
    ///
    /// # Errors
    /// The TPM lacks one of them, or there is no TPM.
    pub fn pcr_read(&self, selection: &PcrSelection) -> Result<Vec<PcrValue>, Error> {
        self.operate(|connection| {
            connection.open_for_reading()?;
            connection.pcr_values(selection)
        })
    }

    /// Returns the digest of their values, as PolicyPCR contains it.
    ///
    /// # Errors
    /// As [`Tpm::pcr_read`].
    pub fn pcr_digest(&self, selection: &PcrSelection, hash: HashAlg) -> Result<Vec<u8>, Error> {
        Ok(pcr::digest(&self.pcr_read(selection)?, hash))
    }

    /// Returns the state of the dictionary-attack lockout.
    ///
    /// # Errors
    /// There is no TPM.
    pub fn lockout(&self) -> Result<Lockout, Error> {
        self.operate(|connection| {
            connection.open_if_pinned()?;
            lockout::lockout(connection)
        })
    }

    /// Returns the TPM's time, clock and counters.
    ///
    /// # Errors
    /// There is no TPM.
    pub fn read_clock(&self) -> Result<TimeInfo, Error> {
        self.operate(|connection| {
            connection.open_for_reading()?;
            clock::read_clock(connection)
        })
    }

    fn list(&self, first: u32) -> Result<Vec<Handle>, Error> {
        self.operate(|connection| {
            connection.open_if_pinned()?;
            handles(connection, first)
        })
    }

    /// Runs the TPM's self-test: all of it, or what was not tested yet.
    ///
    /// # Errors
    /// The test fails, or there is no TPM.
    pub fn self_test(&self, full: bool) -> Result<(), Error> {
        self.operate(|connection| startup::self_test(connection, full))
    }

    /// Returns the result of the TPM's self-test: its response code, and the manufacturer's data.
    ///
    /// # Errors
    /// There is no TPM.
    pub fn test_result(&self) -> Result<(ResponseCode, Vec<u8>), Error> {
        self.operate(|connection| startup::test_result(connection).map(|(data, code)| (code, data)))
    }
}
