//! Reads the state of a TPM.

use std::time::{Duration, Instant};

use keyfile::{Attributes, Curve, Handle, Public};
use tpm::rc::ResponseCode;
use tpm::template::Storage;
use tpm::{Capabilities, Primary, RawRsa, Tpm};

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
    /// How long the TPM derives the storage key of the owner hierarchy. None if there is a persistent one, or it cannot be derived.
    pub(crate) derivation: Option<Duration>,
    /// True if the TPM is reached through a resource manager.
    pub(crate) managed: bool,
}

/// The state of the handle 0x81000001.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum StorageRoot {
    Present,
    Unfit,
    Absent,
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
        let persistent = capabilities.persistent.iter().map(|handle| {
            let read = tpm.read_public(*handle).map(|(public, _)| public);
            (*handle, read.map_err(|error| error.cause().to_string()))
        });
        let (persistent, managed) = (persistent.collect(), manager::is_between(tpm));
        let facts = Facts {
            tcti: string,
            origin,
            capabilities,
            self_test,
            raw_rsa,
            persistent,
            derivation: None,
            managed,
        };
        let derivation = facts.may_derive().then(|| derivation(tpm)).flatten();
        Ok(Facts { derivation, ..facts })
    }

    /// Returns true if each process derives the P-256 storage key, and it can be derived without a password.
    fn may_derive(&self) -> bool {
        self.storage_root() == StorageRoot::Absent
            && self.capabilities.curves.contains(&Curve::P256)
            && self.flag(pt::STARTUP_CLEAR, pt::OWNER_ENABLED) != Some(false)
            && self.flag(pt::PERMANENT, pt::OWNER_AUTH_SET) == Some(false)
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
        match self.persistent.iter().find(|(handle, _)| *handle == SRK) {
            None => StorageRoot::Absent,
            Some((_, Ok(public))) if is_parent(public) => StorageRoot::Present,
            Some(_) => StorageRoot::Unfit,
        }
    }
}

/// Derives the storage key, and returns the shorter of two times if the first is long: the machine may have been busy.
fn derivation(tpm: &Tpm) -> Option<Duration> {
    let key = Primary { hierarchy: Handle::OWNER, auth: None, template: Storage::P256.template() };
    let derive = || {
        let start = Instant::now();
        tpm.primary(&key).ok().map(|_| start.elapsed())
    };
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
