//! Algorithm rows that depend on the configuration of one instance: the store with a name of its own.

use std::ffi::CString;

use super::sys::{self, OSSL_ALGORITHM};
use crate::registry;

/// Rows, and what they point to.
pub(crate) struct Rows {
    rows: Vec<OSSL_ALGORITHM>,
    _name: CString,
}

impl Rows {
    /// The rows of the store, and one more of this name; `None` when C cannot have it.
    pub(crate) fn with_store(name: &str) -> Option<Rows> {
        let name = CString::new(name).ok()?;
        // The string does not move when its owner does.
        let mut rows = vec![registry::store(name.as_ptr())];
        rows.extend(registry::rows(sys::OSSL_OP_STORE).unwrap_or_default().iter().copied());
        Some(Rows { rows, _name: name })
    }

    /// The pointer for libcrypto.
    pub(crate) fn as_ptr(&self) -> *const OSSL_ALGORITHM {
        self.rows.as_ptr()
    }
}
