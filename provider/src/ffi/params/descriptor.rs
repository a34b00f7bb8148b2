//! Descriptor lists, which the settable and gettable functions return to libcrypto.

use std::ffi::CStr;
use std::ptr;

use crate::ffi::sys::OSSL_PARAM;

/// The data types of core.h, with their numbers.
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
    /// OSSL_PARAM_OCTET_PTR: the answer is a pointer to bytes in the context.
    BytesPointer,
    /// OSSL_PARAM_UTF8_PTR: text that lives forever.
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

// SAFETY: a descriptor only points to its name, a `'static` string, and is never written.
unsafe impl Sync for Descriptor {}

impl Descriptor {
    /// The end mark of a list.
    pub(crate) const END: Self = Self(OSSL_PARAM {
        key: ptr::null(),
        data_type: 0,
        data: ptr::null_mut(),
        data_size: 0,
        return_size: 0,
    });

    /// Creates a row.
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

/// Joins lists into one of `N` rows, which must have room for all of them and the end mark.
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

/// A whole list with its end mark, [`Descriptor::END`].
pub(crate) struct Descriptors(&'static [Descriptor]);

impl Descriptors {
    /// Wraps a list. A list that does not end with [`Descriptor::END`] does not compile.
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
