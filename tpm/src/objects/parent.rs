//! The parent of a key, as a caller names it.

use keyfile::Handle;
use zeroize::Zeroizing;

use crate::auth::Auth;
use crate::error::{Error, ErrorKind};
use crate::rc::ResponseCode;
use crate::template::{SRK, Storage};

/// The parent of a key.
#[derive(Clone)]
pub struct Parent {
    /// A persistent handle, or a hierarchy, which means one of its storage primary keys.
    pub handle: Handle,
    /// Which primary key a hierarchy means.
    pub storage: Storage,
    /// The password of the persistent key or of the hierarchy.
    pub auth: Option<Auth>,
}

impl Parent {
    /// The standard P-256 primary key of the null hierarchy. Every TPM has it, and it has no owner.
    pub(crate) const NULL: Self = Self { handle: Handle::NULL, storage: Storage::P256, auth: None };

    /// Returns true if the parent is derived from a template and has no password of its own.
    pub(crate) fn is_derived(&self) -> bool {
        self.handle.is_permanent()
    }

    /// Returns the persistent copy of the owner's standard storage keys, which may be at the handle that the TCG assigns to them. It has no
    /// password. The other hierarchies have no such handle.
    pub(super) fn persistent_copy(&self) -> Option<Self> {
        let of_owner = self.handle == Handle::OWNER;
        of_owner.then_some(Self { handle: SRK, storage: self.storage, auth: None })
    }

    /// Returns true for the null hierarchy, which has no password.
    fn is_null(&self) -> bool {
        self.handle.hierarchy() == Some(Handle::NULL)
    }

    /// Returns the authValue of the hierarchy; empty for the null hierarchy, which has no password.
    pub(crate) fn hierarchy_auth(&self) -> Zeroizing<Vec<u8>> {
        let auth = self.auth.as_ref().filter(|_| !self.is_null());
        auth.map(Auth::as_hierarchy_value).unwrap_or_default()
    }

    /// Explains an error about the parent: a refused password is the parent's and not the key's, and an integrity error means another
    /// parent.
    pub(crate) fn explain(&self, error: Error) -> Error {
        if error.base_code() == Some(ResponseCode::INTEGRITY) {
            return error.advise(self.wrong_parent_advice());
        }
        // The TPM does not support the hierarchy in the handle (Part 2 §9.13, TPMI_RH_HIERARCHY).
        if self.handle.is_firmware_limited() && error.base_code() == Some(ResponseCode::VALUE) {
            return error.advise(Self::NO_FIRMWARE_LIMITED);
        }
        if error.kind() != ErrorKind::Authorization {
            return error;
        }
        if self.is_null() {
            return error.empty_password_refused("the null hierarchy");
        }
        let (kind, advice) = match self.auth {
            None => (
                ErrorKind::ParentPasswordMissing,
                "give the parent's password (TPM2_PIN, or pin in openssl.cnf; --passparent prompt for the key tool)",
            ),
            Some(_) => (ErrorKind::ParentAuthorization, "the parent's password is wrong"),
        };
        error.of_kind(kind).on(format_args!("parent {}", self.handle)).advise(advice)
    }

    /// For TPMs older than version 1.83 of the specification.
    const NO_FIRMWARE_LIMITED: &str = "this TPM has no firmware-limited hierarchies (TPM 2.0 version 1.83): create the key under another parent";

    /// Returns the advice for an object of another parent.
    pub(crate) fn wrong_parent_advice(&self) -> &'static str {
        match self.is_derived() {
            true => {
                "the file belongs to another machine or parent, or the TPM was cleared; if its parent is another primary key, make that \
                 persistent (docs/migrate.md)"
            }
            false => {
                "the file belongs to another machine or parent, or the TPM was cleared since: create a new file for this parent"
            }
        }
    }
}
