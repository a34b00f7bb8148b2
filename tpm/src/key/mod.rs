//! A key in the TPM. It is loaded at first use, and again whenever it has lost its slot.
//!
//! | file | what |
//! |---|---|
//! | `open` | opens keys from files and handles |
//! | `create` | creates keys |
//! | `private`, `block` | the private operations |
//! | `operate`, `ready` | one operation: loads, authorizes and uses the key |
//! | `usable`, `empty_auth` | what is known of the key and its password |
//! | `admin`, `certify`, `activate` | certifies the key, and activates credentials for it |
//! | `change_auth` | changes the password |
//! | `prove` | proves the password before the key is used |
//! | `persist` | persistent copies |

mod activate;
mod admin;
mod block;
mod certify;
mod change_auth;
mod create;
mod empty_auth;
mod open;
mod operate;
mod padded;
mod persist;
mod private;
mod prove;
mod ready;
mod usable;

use std::sync::Arc;

use keyfile::{Handle, KeyFile, Name, Public};

use crate::auth::Auth;
use crate::authorization::Attempt;
use crate::connection::Transient;
use crate::objects::Parent;
use crate::tpm::Tpm;

/// A key in the TPM. Clones are the same key; dropping the last one evicts it.
#[derive(Clone)]
pub struct Key(Arc<Inner>);

struct Inner {
    tpm: Tpm,
    /// The number by which the connection of each process identifies it.
    number: u64,
    origin: Origin,
    public: Public,
    name: Name,
    /// The password, which may be another entity's (PolicySecret).
    password: Option<Auth>,
    /// The attempt to prove the password, which identifies its verdict.
    attempt: Attempt,
}

enum Origin {
    Persistent { handle: Handle },
    File { file: Box<KeyFile>, parent: Parent },
}

/// A result, and whether it is authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// The result.
    pub value: T,
    /// True if a session's HMAC authenticates it. If not, verify it before you trust it.
    pub authenticated: bool,
}

impl Key {
    /// Returns its public area.
    #[must_use]
    pub fn public(&self) -> &Public {
        &self.0.public
    }

    /// Returns its Name.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.0.name
    }

    /// Returns the file that it came from.
    #[must_use]
    pub fn file(&self) -> Option<&KeyFile> {
        match &self.0.origin {
            Origin::File { file, .. } => Some(file),
            Origin::Persistent { .. } => None,
        }
    }

    /// Returns its persistent handle.
    #[must_use]
    pub fn handle(&self) -> Option<Handle> {
        match self.0.origin {
            Origin::Persistent { handle } => Some(handle),
            Origin::File { .. } => None,
        }
    }

    /// Returns its TPM.
    #[must_use]
    pub fn tpm(&self) -> &Tpm {
        &self.0.tpm
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Origin::File { .. } = self.origin {
            self.tpm.evict(Transient::Key(self.number));
        }
    }
}

impl std::fmt::Display for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.origin {
            Origin::Persistent { handle } => write!(f, "key at {handle}"),
            Origin::File { file, parent, .. } => match &file.description {
                Some(description) => write!(f, "key {description:?} under parent {}", parent.handle),
                None => {
                    let name = self.name.to_string();
                    write!(f, "key {}… under parent {}", name.get(..12).unwrap_or(&name), parent.handle)
                }
            },
        }
    }
}
