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

    /// The null hierarchy has no password.
    pub(crate) fn hierarchy_auth(&self) -> Zeroizing<Vec<u8>> {
        let auth = self.auth.as_ref().filter(|_| self.handle != Handle::NULL);
        auth.map(Auth::as_hierarchy_value).unwrap_or_default()
    }

    /// A refused password of a parent is not a refused password of the key; and a parent knows its children.
    pub(crate) fn explain(&self, error: Error) -> Error {
        if error.base_code() == Some(ResponseCode::INTEGRITY) {
            return error.advise(Self::FOREIGN);
        }
        if error.kind() != ErrorKind::Authorization {
            return error;
        }
        if self.handle == Handle::NULL {
            return error.refused_nothing("the null hierarchy");
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

    /// What an object is that its parent does not know.
    pub(crate) const FOREIGN: &str = "the file is of another machine or parent, or the TPM was cleared since: make a new one for this parent";
}
