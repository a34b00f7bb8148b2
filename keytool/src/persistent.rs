//! Persistent keys: their handles, and a description in a few words.

use std::fmt;
use std::str::FromStr;

use keyfile::{Attributes, Handle, Public, PublicKey};
pub(crate) use tpm::template::SRK;
use tpm::template::{Storage, matches_template};
use tpm::{Auth, ErrorKind, Key, Tpm};

use crate::error::Error;
use crate::interrupt::Warning;
use crate::key_password::Role;
use crate::terminal;

/// The handles of endorsement keys (the same, table 2).
const ENDORSEMENT: std::ops::RangeInclusive<u32> = 0x8101_0000..=0x8101_ffff;

/// A handle of a persistent key, as an option or argument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct PersistentHandle(pub(crate) Handle);

/// A persistent key.
pub(crate) struct Persistent<'a> {
    pub(crate) handle: Handle,
    pub(crate) public: &'a Public,
}

impl Persistent<'_> {
    /// Returns the key's use in one word: the values of `use` in docs/json.md.
    pub(crate) fn purpose(&self) -> &'static str {
        let has = |attributes| self.public.attributes.contains(attributes);
        let restricted = has(Attributes::RESTRICTED);
        match &self.public.key {
            PublicKey::KeyedHash { .. } if !has(Attributes::SIGN) && !has(Attributes::DECRYPT) => {
                "sealed-data"
            }
            _ if restricted && has(Attributes::DECRYPT) && is_storage(self.public) => "storage",
            _ if restricted && has(Attributes::DECRYPT) && ENDORSEMENT.contains(&self.handle.0) => {
                "endorsement"
            }
            _ if restricted && has(Attributes::DECRYPT) => "parent",
            _ if restricted => "attestation",
            _ if has(Attributes::SIGN) && has(Attributes::DECRYPT) => "sign-and-decrypt",
            _ if has(Attributes::SIGN) => "sign",
            _ if has(Attributes::DECRYPT) => "decrypt",
            _ => "none",
        }
    }
}

/// Returns true if the key has the template of a standard storage key, so that files of its hierarchy load under it.
fn is_storage(public: &Public) -> bool {
    [Storage::P256, Storage::Rsa2048].iter().any(|storage| matches_template(public, &storage.template()))
}

impl fmt::Display for Persistent<'_> {
    /// `EC nistp256, signs and decrypts`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.public.key {
            PublicKey::Rsa { bits, .. } => write!(f, "RSA {bits}")?,
            PublicKey::Ecc { curve, .. } => write!(f, "EC {}", tpm::curve_name(*curve))?,
            PublicKey::KeyedHash { .. } => f.write_str("keyed hash")?,
            PublicKey::SymCipher { .. } => f.write_str("cipher key")?,
        }
        f.write_str(match self.purpose() {
            "sealed-data" => ", sealed data",
            "storage" => ", standard storage key: a parent of other keys",
            "endorsement" => ", endorsement key",
            "parent" => ", a parent of other keys",
            "attestation" => ", attestation key: signs statements of its TPM",
            "sign-and-decrypt" => ", signs and decrypts",
            "sign" => ", signs",
            "decrypt" => ", decrypts",
            _ => ", neither signs nor decrypts",
        })?;
        match self.public.attributes.contains(Attributes::USER_WITH_AUTH) {
            true => Ok(()),
            false => f.write_str("; can only be used with a policy"),
        }
    }
}

/// Checks that the handle is free.
///
/// # Errors
/// It is in use, or the TPM cannot be used.
pub(crate) fn check_free(tpm: &Tpm, handle: Handle) -> Result<(), Error> {
    match tpm.read_public(handle) {
        Err(error) if error.kind() == ErrorKind::NoObject => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Err(Error::request(
            format!("the handle {handle} is in use"),
            format!(
                "name another (`tpm2-keytool list` shows the used ones), or free it with `tpm2-keytool evict {handle}`"
            ),
        )),
    }
}

/// Makes the key persistent at a handle. The result warns of the key, should a signal end the process at once. If the TPM's answer is lost,
/// the TPM may have executed the command: the key is removed again.
///
/// # Errors
/// As [`Key::persist`].
pub(crate) fn persist(key: &Key, handle: Handle, owner: Option<&Auth>) -> Result<Warning, tpm::Error> {
    let warning = Warning::start(left_at(handle));
    key.persist(handle, owner).inspect_err(|error| {
        if matches!(error.kind(), ErrorKind::Io | ErrorKind::Timeout | ErrorKind::NoTpm) {
            remove_again(key, handle, owner);
        }
    })?;
    Ok(warning)
}

/// Removes the key that was just made persistent. If that fails, the user is told where it is.
pub(crate) fn remove_again(key: &Key, handle: Handle, owner: Option<&Auth>) {
    match key.unpersist(handle, owner) {
        Err(error) if error.kind() != ErrorKind::NoObject => {
            terminal::notice(format_args!("{}: {}", left_at(handle), error.cause()));
        }
        _ => {}
    }
}

fn left_at(handle: Handle) -> String {
    format!("warning: the key may be at {handle}, where `tpm2-keytool evict {handle}` removes it")
}

/// Returns the error about a persistent key that has a password.
pub(crate) fn password_missing(role: Role, handle: Handle) -> Error {
    Error::Password {
        what: role.password(),
        problem: format!("the key at {handle} has one, but none was given"),
        advice: role.advice(),
    }
}

impl FromStr for PersistentHandle {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let handle: Handle = text.parse().map_err(|error: keyfile::ParseError| error.to_string())?;
        if handle.is_persistent() {
            return Ok(Self(handle));
        }
        Err(format!("{handle} is not a persistent handle: the range is 81000000 to 81ffffff"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_persistent_handles_are_accepted() {
        for text in ["81000001", "0x81000001", "0X81000001"] {
            assert_eq!(text.parse(), Ok(PersistentHandle(Handle(0x8100_0001))), "{text}");
        }
        for text in ["80000001", "owner", "40000001", "1c00002", "", "81", "0x8100000100", "srk"] {
            assert!(text.parse::<PersistentHandle>().is_err(), "{text}");
        }
    }
}
