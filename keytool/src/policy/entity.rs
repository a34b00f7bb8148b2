//! The object whose password a policy needs: PolicySecret names it (Part 3 §23.4).

use std::str::FromStr;

use keyfile::policy::{Condition, Secret};
use keyfile::{Handle, Name};
use tpm::Tpm;
use tpm::rc::ResponseCode;

use crate::error::Error;

/// The value of --secret.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Entity(Handle);

impl Entity {
    /// Returns the condition that the password of this object is given.
    ///
    /// # Errors
    /// There is no such object, or no TPM can be used.
    pub(crate) fn condition(self, tpm: &Tpm) -> Result<Condition, Error> {
        Ok(Condition::Secret(Secret { hint: self.0, name: self.name(tpm)?, policy_ref: Vec::new() }))
    }

    /// Returns true if the TPM is needed for its Name, because the Name is not the handle.
    pub(super) fn needs_tpm(self) -> bool {
        !(self.0.is_permanent() || self.0.is_pcr())
    }

    /// Returns its Name: the handle itself if there is no public area (Part 1 §16).
    fn name(self, tpm: &Tpm) -> Result<Name, Error> {
        let handle = self.0;
        if !self.needs_tpm() {
            return Ok(handle.into());
        }
        let found = match handle.is_nv() {
            true => tpm.nv_public(handle).map(|(_, name)| name),
            false => tpm.read_public(handle).map(|(_, name)| name),
        };
        found.map_err(|error| match error.response_code().map(|code| ResponseCode(code).base()) {
            Some(ResponseCode::HANDLE) => Error::request(
                format!("there is no object at {handle}"),
                "`tpm2-keytool status` lists the persistent keys, `tpm2_getcap handles-nv-index` the NV indices",
            ),
            _ => Error::Tpm(error),
        })
    }
}

impl FromStr for Entity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let handle: Handle = text.parse().map_err(|error: keyfile::ParseError| error.to_string())?;
        let permanent = [Handle::OWNER, Handle::ENDORSEMENT, Handle::PLATFORM, Handle::LOCKOUT];
        if permanent.contains(&handle) || handle.is_persistent() || handle.is_nv() || handle.is_pcr() {
            Ok(Entity(handle))
        } else {
            Err(format!(
                "{handle} is not a permanent object with a password: give a persistent key (81……), an NV index (01……), a PCR (000000……), or owner, endorsement, platform, lockout"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_permanent_objects_are_accepted() {
        for (text, handle) in [
            ("owner", Handle::OWNER),
            ("lockout", Handle::LOCKOUT),
            ("81000001", Handle(0x8100_0001)),
            ("0x01500000", Handle(0x0150_0000)),
            ("00000010", Handle(16)),
        ] {
            assert_eq!(text.parse(), Ok(Entity(handle)), "{text}");
        }
        for text in ["null", "80000000", "02000000", "03000000", "unknown", ""] {
            assert!(text.parse::<Entity>().is_err(), "{text}");
        }
    }
}
