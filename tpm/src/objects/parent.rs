//! The parent of a key, as a caller names it.

use keyfile::Handle;
use zeroize::Zeroizing;

use crate::auth::Auth;
use crate::error::{Error, ErrorKind};
use crate::rc::ResponseCode;

/// The parent of a key.
#[derive(Clone)]
pub struct Parent {
    /// A persistent handle, or the hierarchy whose standard primary it is.
    pub handle: Handle,
    /// In a hierarchy: the RSA-2048 primary instead of the P-256 one.
    pub rsa: bool,
    /// The password of the persistent key or of the hierarchy.
    pub auth: Option<Auth>,
}

impl Parent {
    /// The standard P-256 primary of the null hierarchy: there on every TPM, and nobody's.
    pub(crate) const NULL: Self = Self { handle: Handle::NULL, rsa: false, auth: None };

    /// Whether it is derived from a template, and has no password of its own.
    pub(crate) fn is_derived(&self) -> bool {
        self.handle.is_permanent()
    }

    /// Of the null hierarchy, which has no password.
    fn is_null(&self) -> bool {
        self.handle.hierarchy() == Some(Handle::NULL)
    }

    /// The null hierarchy has no password.
    pub(crate) fn hierarchy_auth(&self) -> Zeroizing<Vec<u8>> {
        let auth = self.auth.as_ref().filter(|_| !self.is_null());
        auth.map(Auth::as_hierarchy_value).unwrap_or_default()
    }

    /// A refused password of a parent is not a refused password of the key; and a parent knows its children.
    pub(crate) fn explain(&self, error: Error) -> Error {
        if error.base_code() == Some(ResponseCode::INTEGRITY) {
            return error.advise(self.wrong_parent_advice());
        }
        // Of the handle: this TPM knows no such hierarchy (Part 2 §9.13, TPMI_RH_HIERARCHY).
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
                "it has a password: give it as the parent's (TPM2_PIN, or pin in openssl.cnf; --passparent prompt for the key tool)",
            ),
            Some(_) => (ErrorKind::ParentAuthorization, "the parent's password is wrong"),
        };
        error.of_kind(kind).on(format_args!("parent {}", self.handle)).advise(advice)
    }

    /// What a TPM before version 1.83 of the specification lacks.
    const NO_FIRMWARE_LIMITED: &str = "this TPM has no hierarchies that are limited to some firmware (TPM 2.0 version 1.83): make the key under another parent";

    /// What an object is that its parent does not know.
    pub(crate) fn wrong_parent_advice(&self) -> &'static str {
        match self.is_derived() {
            true => {
                "the file is of another machine or parent, or the TPM was cleared since: if its parent is another primary key, make that \
                 persistent and name its handle as the parent (docs/migrate.md)"
            }
            false => {
                "the file is of another machine or parent, or the TPM was cleared since: make a new one for this parent"
            }
        }
    }
}
