//! What a TPM has, holds and counts, as far as one command or a few tell.

use keyfile::{Handle, HashAlg, Name, PcrSelection, Public};

use super::Tpm;
use super::pcr::{self, PcrValue};
use crate::command::capability::{NV, PERSISTENT, handles};
use crate::command::{Lockout, TimeInfo, clock, lockout, startup};
use crate::error::{Error, ErrorKind};
use crate::rc::ResponseCode;

impl Tpm {
    /// Reads what is at a handle, in a session that authenticates the answer.
    ///
    /// # Errors
    /// There is nothing, the answer is not authentic, or there is no TPM.
    pub fn read_public(&self, handle: Handle) -> Result<(Public, Name), Error> {
        self.operate(|connection| connection.authentic_public(handle))
    }

    /// The same at the handle of an object that another program has loaded, and that stays its own: nothing here flushes it.
    ///
    /// # Errors
    /// As [`Tpm::read_public`]. `NoObject`, too: the object is this program's, or a resource manager is in between.
    pub fn read_transient(&self, handle: Handle) -> Result<(Public, Name), Error> {
        self.operate(|connection| {
            let found = match connection.rules.kernel || connection.slots.is_taken(handle) {
                true => Err(Error::new(ErrorKind::NoObject, "there is no object of another program")),
                false => connection.authentic_public(handle),
            };
            let is_absent = |error: &Error| match error.base_code() {
                // Beyond the slots of the TPM, and a free slot (Part 2 §6.6.3).
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

    /// The persistent handles that are taken.
    ///
    /// # Errors
    /// There is no TPM.
    pub fn persistent_handles(&self) -> Result<Vec<Handle>, Error> {
        self.list(PERSISTENT)
    }

    /// The NV indexes that are defined.
    ///
    /// # Errors
    /// There is no TPM.
    pub fn nv_indexes(&self) -> Result<Vec<Handle>, Error> {
        self.list(NV)
    }

    /// The value of each of these PCRs, all of one moment, in the order of the selection.
    ///
    /// # Errors
    /// The TPM has not got one of them, or there is no TPM.
    pub fn pcr_read(&self, selection: &PcrSelection) -> Result<Vec<PcrValue>, Error> {
        self.operate(|connection| {
            connection.open_for_reading()?;
            connection.pcr_values(selection)
        })
    }

    /// The digest of their values, as a PolicyPCR holds it.
    ///
    /// # Errors
    /// As [`Tpm::pcr_read`].
    pub fn pcr_digest(&self, selection: &PcrSelection, hash: HashAlg) -> Result<Vec<u8>, Error> {
        Ok(pcr::digest(&self.pcr_read(selection)?, hash))
    }

    /// How near the dictionary-attack lockout is.
    ///
    /// # Errors
    /// There is no TPM.
    pub fn lockout(&self) -> Result<Lockout, Error> {
        self.operate(|connection| {
            connection.open_if_pinned()?;
            lockout::lockout(connection)
        })
    }

    /// Its time, clock and counters.
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

    /// Has the TPM test itself: all of it, or what it has not tested yet.
    ///
    /// # Errors
    /// It fails, or there is no TPM.
    pub fn self_test(&self, full: bool) -> Result<(), Error> {
        self.operate(|connection| startup::self_test(connection, full))
    }

    /// What came of the TPM's self test: its response code, and what the maker says about it.
    ///
    /// # Errors
    /// There is no TPM.
    pub fn test_result(&self) -> Result<(ResponseCode, Vec<u8>), Error> {
        self.operate(|connection| startup::test_result(connection).map(|(data, code)| (code, data)))
    }
}
