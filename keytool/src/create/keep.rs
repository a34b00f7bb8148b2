//! `create --persistent`: the TPM keeps the key, and the file refers to it.

use clap::Args;
use keyfile::{Handle, KeyFile, KeyReference};
use tpm::rc::ResponseCode;
use tpm::{Auth, Key, Tpm};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::interrupt::Warning;
use crate::owner_password::HierarchyPassword;
use crate::password::Passwords;
use crate::persistent::{PersistentHandle, check_free, persist, remove_again};
use crate::terminal;

/// The options of a key that the TPM keeps.
#[derive(Args)]
pub(super) struct Keep {
    /// Keep the key in the TPM at this persistent handle, and write a reference to FILE [default: the first free one from 81000100 on]
    ///
    /// The key exists in the TPM only: FILE contains its handle and its public half (docs/reference-file.md), and `tpm2-keytool evict` deletes the key. Each
    /// signature is then one command at the chip, also behind /dev/tpmrm0, where a key from a file takes four or more. A TPM has memory for few
    /// persistent keys. To keep the key file, too, make it without this option, and run `tpm2-keytool load`.
    #[arg(
        long,
        value_name = "HANDLE",
        num_args = 0..=1,
        require_equals = true,
        conflicts_with_all = [
            "import", "restricted", "deprecated", "description", "list_curves", "key_policy", "pcr_lock", "locality", "secret", "signed_policy",
        ]
    )]
    persistent: Option<Option<PersistentHandle>>,

    #[command(flatten)]
    owner: HierarchyPassword,
}

/// The place of a key in the TPM.
pub(super) struct Place {
    /// None for the first free handle.
    handle: Option<Handle>,
    /// The first handle for keys of the user in its hierarchy.
    first: Handle,
    owner: Option<Auth>,
}

/// How often another handle is chosen because another process has taken it meanwhile.
const TRIES: usize = 4;

impl Keep {
    /// Returns the place of the key; None if a key file is wanted.
    ///
    /// # Errors
    /// The key cannot be persistent, or the source of the password has none.
    pub(super) fn place(
        &self,
        passwords: &mut Passwords,
        tpm: &Tpm,
        parent: Handle,
    ) -> Result<Option<Place>, Error> {
        let Some(handle) = self.persistent else {
            return match self.owner.is_given() {
                false => Ok(None),
                true => Err(Error::request(
                    "the password of the owner hierarchy is needed only for a persistent key",
                    "add --persistent, or give the password of the parent with --passparent",
                )),
            };
        };
        let handle = handle.map(|PersistentHandle(handle)| handle);
        let hierarchy = match parent.hierarchy() {
            Some(Handle::NULL) => {
                return Err(Error::request(
                    "a key of the null hierarchy cannot be persistent",
                    "name another parent (-p), or omit --persistent",
                ));
            }
            Some(Handle::PLATFORM) => Handle::PLATFORM,
            // A key under a persistent parent belongs to the hierarchy of that parent.
            _ => tpm::persistent_hierarchy(handle.unwrap_or(parent)),
        };
        let first = first(hierarchy);
        let owner = self.owner.auth(passwords, tpm, handle.unwrap_or(first), parent)?;
        Ok(Some(Place { handle, first, owner }))
    }
}

impl Place {
    /// Checks that the handle is free before the key is made, which can take long.
    ///
    /// # Errors
    /// It is in use, or the TPM cannot be used.
    pub(super) fn check(&self, tpm: &Tpm) -> Result<(), Error> {
        self.handle.map_or(Ok(()), |handle| check_free(tpm, handle))
    }

    /// Makes the key persistent, and calls `write` with the reference. If that fails, the key is removed again.
    ///
    /// # Errors
    /// No handle is free, the TPM's memory is full, a password is wrong, or the file cannot be written.
    pub(super) fn keep(
        &self,
        tpm: &Tpm,
        file: KeyFile,
        write: impl FnOnce(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (public, empty_auth) = (file.public.clone(), file.empty_auth);
        let key = Key::from_file(tpm, file, None)?;
        let (handle, warning) = self.persist(tpm, &key)?;
        let reference = KeyReference { uri: Zeroizing::new(format!("handle:{handle}")), empty_auth, public };
        let pem =
            reference.to_pem().map_err(|source| Error::request(source.to_string(), "report this error"));
        let written = pem.and_then(|pem| write(pem.as_bytes()));
        if written.is_err() {
            remove_again(&key, handle, self.owner.as_ref());
        }
        drop(warning);
        written?;
        // Nothing fails any more: the key and its file exist.
        let text = format!("the key is at {handle}");
        terminal::result(&text).unwrap_or_else(|_| terminal::notice(&text));
        Ok(())
    }

    /// Makes the key persistent, and returns its handle.
    fn persist(&self, tpm: &Tpm, key: &Key) -> Result<(Handle, Warning), Error> {
        let owner = self.owner.as_ref();
        if let Some(handle) = self.handle {
            return Ok((handle, persist(key, handle, owner)?));
        }
        let mut left = TRIES;
        loop {
            let handle = self.first_free(&tpm.persistent_handles()?)?;
            left = left.saturating_sub(1);
            match persist(key, handle, owner) {
                // Another process was faster.
                Err(error) if is_defined(&error) && left > 0 => {}
                done => return Ok((handle, done?)),
            }
        }
    }

    fn first_free(&self, used: &[Handle]) -> Result<Handle, Error> {
        let mut all = (self.first.0..=self.first.0 | 0xffff).map(Handle);
        all.find(|handle| !used.contains(handle)).ok_or_else(|| {
            Error::request(
                format!("no handle from {} on is free", self.first),
                "name one, as --persistent=HANDLE",
            )
        })
    }
}

/// Returns the first handle for keys of a user: lower ones have standard uses (TCG TPM v2.0 Provisioning Guidance §7.8).
fn first(hierarchy: Handle) -> Handle {
    match hierarchy {
        Handle::PLATFORM => Handle(0x8180_0100),
        _ => Handle(0x8100_0100),
    }
}

fn is_defined(error: &tpm::Error) -> bool {
    error.response_code().map(|code| ResponseCode(code).base()) == Some(ResponseCode::NV_DEFINED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_free_handle_is_chosen() {
        let place = |hierarchy| Place { handle: None, first: first(hierarchy), owner: None };
        let used = [0x8100_0001, 0x8100_0100, 0x8100_0101, 0x8100_0103, 0x8180_0100].map(Handle);
        assert_eq!(place(Handle::OWNER).first_free(&used).unwrap(), Handle(0x8100_0102));
        assert_eq!(place(Handle::PLATFORM).first_free(&used).unwrap(), Handle(0x8180_0101));
        let all: Vec<_> = (0x8100_0100..=0x8100_ffff).map(Handle).collect();
        assert!(place(Handle::OWNER).first_free(&all).is_err());
    }
}
