//! Reads the state of a TPM.

use std::time::Duration;

use keyfile::{Attributes, Curve, Handle, Public};
use tpm::rc::ResponseCode;
use tpm::template::{Storage, matches_template};
use tpm::{Capabilities, Parent, RawRsa, Tpm};

use super::property as pt;
use crate::error::Error;
use crate::persistent::SRK;
use crate::{manager, raw_rsa};

/// A derivation of the storage key that takes longer is worth an advice.
pub(super) const SLOW: Duration = Duration::from_millis(50);

/// The state of a TPM.
#[derive(Default)]
pub(crate) struct Facts {
    /// The TCTI string.
    pub(crate) tcti: String,
    /// The setting that the TCTI string comes from.
    pub(crate) origin: String,
    /// The TPM's algorithms, properties and handles.
    pub(crate) capabilities: Capabilities,
    /// The result of the self test, and the manufacturer's data about it.
    pub(crate) self_test: Option<(ResponseCode, Vec<u8>)>,
    /// The result of the raw RSA test, or the reason why it is unknown. None for a TPM without RSA.
    pub(crate) raw_rsa: Option<Result<RawRsa, String>>,
    /// The persistent objects, or why they cannot be read.
    pub(crate) persistent: Vec<(Handle, Result<Public, String>)>,
    /// True if the key at 0x81000001 has the template of the storage key, but the owner hierarchy derives another one.
    pub(crate) is_other_key: bool,
    /// How long the TPM derives a storage key. None if no process derives one, or it was not measured.
    pub(crate) derivation: Option<Duration>,
    /// True if the TPM is reached through a resource manager.
    pub(crate) managed: bool,
}

/// The state of the handle 0x81000001.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StorageRoot {
    /// The standard storage key: key files of the owner hierarchy are loaded under it.
    Present,
    /// Another parent.
    Other,
    /// An object that is no parent, or cannot be read.
    Unfit,
    Absent,
}

impl StorageRoot {
    /// Returns the value of `storage_root` in docs/json.md.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Other => "other",
            Self::Unfit => "unfit",
            Self::Absent => "absent",
        }
    }
}

impl Facts {
    /// Reads the state. A TPM in failure mode reports only its identity and the result of its self test.
    ///
    /// # Errors
    /// No TPM can be used.
    pub(crate) fn of(tpm: &Tpm) -> Result<Self, Error> {
        let location = tpm.location()?;
        let (string, origin) = (location.string, location.source.to_string());
        let capabilities = match tpm.capabilities() {
            Err(error) if has_failed(&error) => {
                let (capabilities, self_test) = (tpm.identity().unwrap_or_default(), tpm.test_result().ok());
                let self_test = self_test.or(Some((ResponseCode::FAILURE, Vec::new())));
                return Ok(Facts { tcti: string, origin, capabilities, self_test, ..Facts::default() });
            }
            capabilities => capabilities?,
        };
        let self_test = tpm.test_result().ok();
        // Any size shows whether raw RSA is allowed. This size is fast enough.
        let bits = capabilities.rsa_bits.iter().find(|bits| **bits >= 2048).or(capabilities.rsa_bits.last());
        let raw_rsa = bits.map(|bits| raw_rsa::try_out(tpm, *bits).map_err(|error| error.to_string()));
        let read = |handle| {
            tpm.read_public(handle).map(|(public, _)| public).map_err(|error| error.cause().to_string())
        };
        let persistent = capabilities.persistent.iter().map(|handle| (*handle, read(*handle))).collect();
        let managed = manager::is_between(tpm);
        Ok(Facts {
            tcti: string,
            origin,
            capabilities,
            self_test,
            raw_rsa,
            persistent,
            managed,
            ..Facts::default()
        })
    }

    /// Compares a P-256 key at 0x81000001 that has the template of the storage key with the key that the owner hierarchy derives. If the
    /// hierarchy has a password, that is not known. Deriving an RSA key can take a minute.
    pub(super) fn compared(mut self, tpm: &Tpm) -> Self {
        let owner = Parent { handle: Handle::OWNER, storage: self.storage(), auth: None };
        self.is_other_key = self.storage() == Storage::P256
            && self.storage_root() == StorageRoot::Present
            && self.flag(pt::PERMANENT, pt::OWNER_AUTH_SET) == Some(false)
            && tpm.parent_public(&owner).is_ok_and(|(derived, _)| self.at_root() != Some(&Ok(derived)));
        self
    }

    /// Measures how long the TPM derives a P-256 storage key, if processes derive it.
    pub(super) fn measured(mut self, tpm: &Tpm) -> Self {
        let is_derived = !self.has_failed()
            && self.storage() == Storage::P256
            && self.storage_root() != StorageRoot::Present
            && self.flag(pt::STARTUP_CLEAR, pt::OWNER_ENABLED) != Some(false);
        self.derivation = if is_derived { derivation(tpm) } else { None };
        self
    }

    /// Returns the storage key that hierarchies of this TPM derive.
    pub(crate) fn storage(&self) -> Storage {
        Storage::standard(!self.capabilities.curves.contains(&Curve::P256))
    }

    /// Returns true if the TPM is in failure mode.
    pub(crate) fn has_failed(&self) -> bool {
        self.self_test.as_ref().is_some_and(|(code, _)| code.base() == ResponseCode::FAILURE)
    }

    /// Returns a property, or none if the TPM does not report it.
    pub(crate) fn value(&self, property: u32) -> Option<u32> {
        self.capabilities.properties.get(&property).copied()
    }

    /// Returns true if the bit of a property is set, or none if the TPM does not report the property.
    pub(crate) fn flag(&self, property: u32, bit: u32) -> Option<bool> {
        self.value(property).map(|value| value & bit != 0)
    }

    /// Returns the state of the standard handle of the storage root key.
    pub(crate) fn storage_root(&self) -> StorageRoot {
        match self.at_root() {
            None => StorageRoot::Absent,
            Some(Ok(public)) if !is_parent(public) => StorageRoot::Unfit,
            Some(Ok(public)) => {
                match matches_template(public, &self.storage().template()) && !self.is_other_key {
                    true => StorageRoot::Present,
                    false => StorageRoot::Other,
                }
            }
            Some(Err(_)) => StorageRoot::Unfit,
        }
    }

    /// Returns the object at 0x81000001, or why it cannot be read.
    fn at_root(&self) -> Option<&Result<Public, String>> {
        self.persistent.iter().find(|(handle, _)| *handle == SRK).map(|(_, public)| public)
    }
}

/// Derives a storage key, and returns the shorter of two times if the first is long: the machine may have been busy.
fn derivation(tpm: &Tpm) -> Option<Duration> {
    let derive = || tpm.time_of_derivation(Storage::P256).ok();
    let first = derive()?;
    match first < SLOW {
        true => Some(first),
        false => derive().map(|second| first.min(second)),
    }
}

fn has_failed(error: &tpm::Error) -> bool {
    error.response_code().map(|code| ResponseCode(code).base()) == Some(ResponseCode::FAILURE)
}

fn is_parent(public: &Public) -> bool {
    public.attributes.contains(Attributes::RESTRICTED | Attributes::DECRYPT)
}
