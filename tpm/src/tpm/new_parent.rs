//! The parent of a new key: parses the user's choice and checks it.

use keyfile::{Attributes, Curve, Handle};

use super::{Capabilities, Tpm};
use crate::config;
use crate::error::{Error, ErrorKind};
use crate::objects::Parent;
use crate::template::Storage;

impl Parent {
    /// Parses the handle of a parent: a persistent one in hexadecimal, or a hierarchy by its name.
    ///
    /// # Errors
    /// It is not a handle, or no key can be created under it.
    pub fn parse_handle(text: &str) -> Result<Handle, Error> {
        config::value::parent(text)
    }

    /// Returns the parent of a new key. For a hierarchy it is the P-256 primary key, or the RSA-2048 one if the TPM lacks P-256.
    ///
    /// # Errors
    /// There is no object at the persistent handle, or it is not a parent; the advice lists what is there. Or there is no TPM.
    pub fn for_new_key(tpm: &Tpm, capabilities: &Capabilities, handle: Handle) -> Result<Self, Error> {
        if handle.is_persistent() {
            check_parent(tpm, capabilities, handle)?;
        }
        let no_curve = handle.is_permanent() && !capabilities.curves.contains(&Curve::P256);
        Ok(Self { handle, storage: Storage::standard(no_curve), auth: tpm.config().auth_of_parent(handle) })
    }
}

fn check_parent(tpm: &Tpm, capabilities: &Capabilities, handle: Handle) -> Result<(), Error> {
    let wrong = |problem: String| {
        let advice = match capabilities.persistent.as_slice() {
            [] => "this TPM holds no persistent keys: name a hierarchy, such as owner".to_owned(),
            all => format!(
                "persistent keys of this TPM: {}; or name a hierarchy, such as owner",
                all.iter().map(Handle::to_string).collect::<Vec<_>>().join(", ")
            ),
        };
        Err(Error::new(ErrorKind::Input, problem).advise(advice))
    };
    if !capabilities.persistent.contains(&handle) {
        return wrong(format!("there is no key at {handle}"));
    }
    let (public, _) = tpm.read_public(handle)?;
    if !public.attributes.contains(Attributes::RESTRICTED | Attributes::DECRYPT) {
        return wrong(format!("the key at {handle} is not a parent: it is {}", public.attributes));
    }
    // For example a low-range endorsement key (EK credential profile §B.3).
    match public.attributes.contains(Attributes::USER_WITH_AUTH) {
        true => Ok(()),
        false => wrong(format!(
            "the key at {handle} cannot be a parent here: it can only be used with a policy, not with its password"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_are_persistent_handles_and_hierarchies() {
        for (text, handle) in [
            ("81000001", 0x8100_0001),
            ("0x8101ABCD", 0x8101_ABCD),
            ("owner", 0x4000_0001),
            ("null", 0x4000_0007),
            ("endorsement", 0x4000_000B),
            ("platform", 0x4000_000C),
            ("40000001", 0x4000_0001),
        ] {
            assert_eq!(Parent::parse_handle(text).unwrap(), Handle(handle), "{text}");
        }
        for text in ["80000000", "01c00002", "lockout", "4000000a", "owners", "", "+81000001", "8100000100"] {
            assert!(Parent::parse_handle(text).is_err(), "{text}");
        }
    }
}
