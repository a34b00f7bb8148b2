//! A key in the TPM: loaded at first use, and again whenever it has lost its slot.
//!
//! | file | what |
//! |---|---|
//! | `open` | where a key comes from |
//! | `private`, `block` | what it can do |
//! | `operate`, `ready` | one operation: the key made ready, authorized and used |
//! | `usable`, `empty_auth` | what is known of it and of its password |
//! | `prove` | its password, proven before it is used |
//! | `persist` | a copy that the TPM keeps |

mod block;
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

/// A key in the TPM. Clones are the same key; the last one that is dropped evicts it.
#[derive(Clone)]
pub struct Key(Arc<Inner>);

struct Inner {
    tpm: Tpm,
    /// By which the connection of each process knows it.
    number: u64,
    origin: Origin,
    public: Public,
    name: Name,
    /// The password itself, which may be another entity's (PolicySecret).
    password: Option<Auth>,
    /// Its entity and value, by which it is known whether the password is right.
    attempt: Attempt,
}

enum Origin {
    Persistent { handle: Handle },
    File { file: Box<KeyFile>, parent: Parent },
}

/// A result, and whether the TPM is known to have made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// The result.
    pub value: T,
    /// Whether a session's HMAC vouches for it. If not, the caller must verify it before it trusts it.
    pub authenticated: bool,
}

impl Key {
    /// Its public area.
    #[must_use]
    pub fn public(&self) -> &Public {
        &self.0.public
    }

    /// Its Name.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.0.name
    }

    /// The file that it came from.
    #[must_use]
    pub fn file(&self) -> Option<&KeyFile> {
        match &self.0.origin {
            Origin::File { file, .. } => Some(file),
            Origin::Persistent { .. } => None,
        }
    }

    /// The persistent handle that it is at.
    #[must_use]
    pub fn handle(&self) -> Option<Handle> {
        match self.0.origin {
            Origin::Persistent { handle } => Some(handle),
            Origin::File { .. } => None,
        }
    }

    /// The TPM that it is in.
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
