//! Descriptor lists: what the settable and gettable functions hand to libcrypto.

use std::ffi::CStr;
use std::ptr;

use crate::ffi::sys::OSSL_PARAM;

/// The data types of core.h, whose numbers stand here only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// OSSL_PARAM_INTEGER.
    Integer,
    /// OSSL_PARAM_UNSIGNED_INTEGER, of any length.
    Unsigned,
    /// OSSL_PARAM_UTF8_STRING.
    Text,
    /// OSSL_PARAM_OCTET_STRING.
    Bytes,
    /// OSSL_PARAM_OCTET_PTR: the answer is a pointer to what the context holds.
    BytesPointer,
    /// OSSL_PARAM_UTF8_PTR: text that never goes away.
    Constant,
}

impl Kind {
    /// The number that core.h gives the type.
    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::Integer => 1,
            Self::Unsigned => 2,
            Self::Text => 4,
            Self::Bytes => 5,
            Self::BytesPointer => 7,
            Self::Constant => 6,
        }
    }
}

/// One row: a name and a type, without data.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Descriptor(OSSL_PARAM);

// SAFETY: a descriptor points to nothing but its name, a `'static` string, and is never written.
unsafe impl Sync for Descriptor {}

impl Descriptor {
    /// The row that ends a list.
    pub(crate) const END: Self = Self(OSSL_PARAM {
        key: ptr::null(),
        data_type: 0,
        data: ptr::null_mut(),
        data_size: 0,
        return_size: 0,
    });

    /// A row.
    pub(crate) const fn new(name: &'static CStr, kind: Kind) -> Self {
        Self(OSSL_PARAM {
            key: name.as_ptr(),
            data_type: kind.number(),
            data: ptr::null_mut(),
            data_size: 0,
            return_size: 0,
        })
    }
}

/// These lists as one of `N` rows, which has room for all of them and an end.
#[expect(
    clippy::indexing_slicing,
    reason = "it is called in constants: an index out of bounds does not compile"
)]
pub(crate) const fn joined<const N: usize>(lists: &[&[Descriptor]]) -> [Descriptor; N] {
    let mut rows = [Descriptor::END; N];
    let (mut row, mut list) = (0, 0);
    while list < lists.len() {
        let from = lists[list];
        let mut index = 0;
        while index < from.len() {
            rows[row] = from[index];
            row += 1;
            index += 1;
        }
        list += 1;
    }
    rows
}

/// A whole list, ended by [`Descriptor::END`].
pub(crate) struct Descriptors(&'static [Descriptor]);

impl Descriptors {
    /// Wraps a list, which must end with [`Descriptor::END`]: anything else does not compile.
    pub(crate) const fn new(rows: &'static [Descriptor]) -> Self {
        assert!(matches!(rows.last(), Some(row) if row.0.key.is_null()));
        Self(rows)
    }

    /// The pointer for libcrypto.
    pub(crate) const fn as_ptr(&self) -> *const OSSL_PARAM {
        self.0.as_ptr().cast()
    }

    /// The names of the list.
    pub(crate) fn names(&self) -> Vec<&'static CStr> {
        self.0
            .iter()
            .filter(|row| !row.0.key.is_null())
            // SAFETY: the key was made from a `'static` CStr in `Descriptor::new`.
            .map(|row| unsafe { CStr::from_ptr(row.0.key) })
            .collect()
    }
}
