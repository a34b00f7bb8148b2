//! Algorithm rows that depend on the configuration of one instance: the store with a name of its own.

use std::ffi::{CString, c_int};
use std::ptr;

use super::guard::Answer;
use super::libcrypto::Libcrypto;
use super::sys::{self, OSSL_ALGORITHM};
use crate::registry;

/// Rows, and what they point to.
pub(crate) struct Rows {
    rows: Vec<OSSL_ALGORITHM>,
    _name: CString,
}

/// The pointer to rows for libcrypto. They live as long as the instance.
pub(crate) struct Pointer(*const OSSL_ALGORITHM);

impl Rows {
    /// The rows of the store, and one more of this name; `None` when C cannot have it.
    pub(crate) fn with_store(name: &str) -> Option<Rows> {
        let name = CString::new(name).ok()?;
        // The string does not move when its owner does.
        let mut rows = vec![registry::store(name.as_ptr())];
        rows.extend(registry::rows(sys::OSSL_OP_STORE, false).unwrap_or_default().iter().copied());
        Some(Rows { rows, _name: name })
    }

    /// The pointer for libcrypto.
    pub(crate) fn pointer(&self) -> Pointer {
        Pointer(self.rows.as_ptr())
    }
}

impl Pointer {
    /// The rows of an operation that every instance has with this libcrypto.
    pub(crate) fn to(operation: c_int, libcrypto: &Libcrypto) -> Pointer {
        let has_named = libcrypto.is_at_least(3, 4);
        Pointer(registry::rows(operation, has_named).map_or(ptr::null(), <[_]>::as_ptr))
    }
}

impl Answer for Pointer {
    type C = *const OSSL_ALGORITHM;
    const FAILED: *const OSSL_ALGORITHM = ptr::null();
    fn into_c(self) -> *const OSSL_ALGORITHM {
        self.0
    }
}
