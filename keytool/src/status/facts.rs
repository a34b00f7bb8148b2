//! One look at a TPM.

use keyfile::{Attributes, Handle, Public};
use tpm::rc::ResponseCode;
use tpm::{Capabilities, RawRsa, Tpm};

use crate::error::Error;
use crate::persistent::SRK;
use crate::raw_rsa;

/// What a TPM tells of itself.
#[derive(Default)]
pub(crate) struct Facts {
    /// The TCTI string.
    pub(crate) tcti: String,
    /// Where that string came from.
    pub(crate) origin: String,
    /// What the TPM can do, and how it is now.
    pub(crate) capabilities: Capabilities,
    /// What came of its self test, and what its maker says about that.
    pub(crate) self_test: Option<(ResponseCode, Vec<u8>)>,
    /// Does the TPM allow raw RSA, or why that is unknown; none for a TPM without RSA.
    pub(crate) raw_rsa: Option<Result<RawRsa, String>>,
    /// What is persistent, or why it cannot be read.
    pub(crate) persistent: Vec<(Handle, Result<Public, String>)>,
}

/// What is at 0x81000001.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum StorageRoot {
    Present,
    Unfit,
    Absent,
}

impl Facts {
    /// Asks the TPM. One in failure mode tells little; that little is here then.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn of(tpm: &Tpm) -> Result<Self, Error> {
        let location = tpm.location()?;
        let (string, origin) = (location.string, location.source.to_string());
        let capabilities = match tpm.capabilities() {
            Err(error) if has_failed(&error) => {
                let (capabilities, self_test) = (tpm.identity().unwrap_or_default(), tpm.test_result().ok());
                let self_test = self_test.or(Some((ResponseCode::FAILURE, Vec::new())));
                return Ok(Facts { tcti: string, origin, capabilities, self_test, ..Facts::default() });
            }
            told => told?,
        };
        let self_test = tpm.test_result().ok();
        // Every size tells; this one needs no more time than a look takes.
        let bits = capabilities.rsa_bits.iter().find(|bits| **bits >= 2048).or(capabilities.rsa_bits.last());
        let raw_rsa = bits.map(|bits| raw_rsa::try_out(tpm, *bits).map_err(|error| error.to_string()));
        let persistent = capabilities.persistent.iter().map(|handle| {
            let read = tpm.read_public(*handle).map(|(public, _)| public);
            (*handle, read.map_err(|error| error.cause().to_string()))
        });
        let persistent = persistent.collect();
        Ok(Facts { tcti: string, origin, capabilities, self_test, raw_rsa, persistent })
    }

    /// Whether it is in failure mode.
    pub(crate) fn has_failed(&self) -> bool {
        self.self_test.as_ref().is_some_and(|(code, _)| code.base() == ResponseCode::FAILURE)
    }

    /// A property; a TPM may leave some out.
    pub(crate) fn value(&self, property: u32) -> Option<u32> {
        self.capabilities.properties.get(&property).copied()
    }

    /// Whether a bit of a property is set; none if the TPM does not tell.
    pub(crate) fn flag(&self, property: u32, bit: u32) -> Option<bool> {
        self.value(property).map(|value| value & bit != 0)
    }

    /// The key at the usual place of the storage root key, if it can be a parent.
    pub(crate) fn storage_root(&self) -> StorageRoot {
        match self.persistent.iter().find(|(handle, _)| *handle == SRK) {
            None => StorageRoot::Absent,
            Some((_, Ok(public))) if is_parent(public) => StorageRoot::Present,
            Some(_) => StorageRoot::Unfit,
        }
    }
}

fn has_failed(error: &tpm::Error) -> bool {
    error.response_code().map(|code| ResponseCode(code).base()) == Some(ResponseCode::FAILURE)
}

fn is_parent(public: &Public) -> bool {
    public.attributes.contains(Attributes::RESTRICTED | Attributes::DECRYPT)
}
