//! What a TPM tells of itself, as `status` needs it.

use keyfile::{AlgId, Attributes, Curve, Handle, Public};

use tpm::Tpm;

use super::property::Properties;
use crate::error::Error;

/// Where the storage root key of the owner hierarchy is by convention (TCG TPM v2.0 Provisioning Guidance §7.8).
pub(crate) const SRK: Handle = Handle(0x8100_0001);

/// One look at a TPM.
#[derive(Default)]
pub(crate) struct Facts {
    /// The TCTI string.
    pub(crate) tcti: String,
    /// Where that string came from.
    pub(crate) origin: String,
    /// TPM_PT by number.
    pub(crate) properties: Properties,
    /// All algorithms.
    pub(crate) algorithms: Vec<AlgId>,
    /// All curves.
    pub(crate) curves: Vec<Curve>,
    /// The usual RSA sizes that it takes.
    pub(crate) rsa_bits: Vec<u16>,
    /// The hashes of the PCR banks that are in use.
    pub(crate) banks: Vec<AlgId>,
    /// What is persistent; none where the public area cannot be read.
    pub(crate) persistent: Vec<(Handle, Option<Public>)>,
    /// Saved sessions.
    pub(crate) saved_sessions: usize,
}

impl Facts {
    /// The key at the usual place of the storage root key, if it can be a parent.
    pub(crate) fn storage_root(&self) -> StorageRoot {
        match self.persistent.iter().find(|(handle, _)| *handle == SRK) {
            None => StorageRoot::Absent,
            Some((_, Some(public))) if is_parent(public) => StorageRoot::Present,
            Some(_) => StorageRoot::Unfit,
        }
    }
}

/// What is at 0x81000001.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum StorageRoot {
    Present,
    Unfit,
    Absent,
}

fn is_parent(public: &Public) -> bool {
    public.attributes.contains(Attributes::RESTRICTED | Attributes::DECRYPT)
}

impl Facts {
    /// Asks the TPM.
    pub(crate) fn of(tpm: &Tpm) -> Result<Self, Error> {
        let location = tpm.location()?;
        let capabilities = tpm.capabilities()?;
        let public = |handle: &Handle| tpm.read_public(*handle).ok().map(|(public, _)| public);
        Ok(Facts {
            tcti: location.string,
            origin: location.source.to_string(),
            properties: Properties(capabilities.properties),
            algorithms: capabilities.algorithms,
            curves: capabilities.curves,
            rsa_bits: capabilities.rsa_bits,
            banks: capabilities.pcr_banks,
            persistent: capabilities.persistent.iter().map(|handle| (*handle, public(handle))).collect(),
            saved_sessions: capabilities.saved_sessions.len(),
        })
    }
}
