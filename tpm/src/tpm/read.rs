//! What a TPM has, holds and counts, as far as one command or a few tell.

use keyfile::{Handle, HashAlg, Name, PcrSelection, Public};

use super::Tpm;
use super::pcr::{self, PcrValue};
use crate::command::capability::{NV, PERSISTENT, handles};
use crate::command::{Lockout, TimeInfo, clock, lockout, object, startup};
use crate::error::Error;
use crate::rc::ResponseCode;

impl Tpm {
    /// Reads what is at a handle.
    ///
    /// # Errors
    /// There is nothing, or no TPM.
    pub fn read_public(&self, handle: Handle) -> Result<(Public, Name), Error> {
        self.operate(|connection| object::read_public(connection, handle))
    }

    /// The persistent handles that are taken.
    ///
    /// # Errors
    /// There is no TPM.
    pub fn persistent_handles(&self) -> Result<Vec<Handle>, Error> {
        self.operate(|connection| handles(connection, PERSISTENT))
    }

    /// The NV indexes that are defined.
    ///
    /// # Errors
    /// There is no TPM.
    pub fn nv_indexes(&self) -> Result<Vec<Handle>, Error> {
        self.operate(|connection| handles(connection, NV))
    }

    /// The value of each of these PCRs, all of one moment, in the order of the selection.
    ///
    /// # Errors
    /// The TPM has not got one of them, or there is no TPM.
    pub fn pcr_read(&self, selection: &PcrSelection) -> Result<Vec<PcrValue>, Error> {
        self.operate(|connection| connection.pcr_values(selection))
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
        self.operate(|connection| lockout::lockout(connection))
    }

    /// Its time, clock and counters.
    ///
    /// # Errors
    /// There is no TPM.
    pub fn read_clock(&self) -> Result<TimeInfo, Error> {
        self.operate(|connection| clock::read_clock(connection))
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
