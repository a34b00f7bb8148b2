//! The algorithm rows of one instance: the rows of the registry, with changes from the configuration.

use std::ffi::{CStr, CString, c_int};
use std::ptr;

use super::guard::Answer;
use super::sys::{self, OSSL_ALGORITHM};
use crate::registry;

/// The property `fips` on the rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Label {
    /// None: a query for `fips=yes` does not find the rows.
    None,
    /// All rows have `fips=yes`.
    Fips,
    /// None, and the application accepts only `fips=yes`: additional rows report which setting is missing.
    Refusals,
}

/// Rows with the strings that they point to.
pub(crate) struct Rows {
    tables: Vec<(c_int, Vec<OSSL_ALGORITHM>)>,
    /// A string's buffer does not move when its owner does.
    _texts: Vec<CString>,
}

/// A pointer to rows for libcrypto. The rows live as long as the instance.
pub(crate) struct Pointer(*const OSSL_ALGORITHM);

impl Pointer {
    /// No rows.
    pub(super) const NONE: Self = Self(ptr::null());

    /// The rows of RAND: all, or only those whose names no other provider has.
    pub(super) fn to_generators(all: bool) -> Self {
        let rows =
            if all { &registry::GENERATORS } else { registry::GENERATORS.get(1..).unwrap_or_default() };
        Self(rows.as_ptr())
    }
}

impl Rows {
    /// Creates the rows of every operation. If `scheme` is a valid C string, the store has an additional row
    /// for it.
    pub(crate) fn new(scheme: Option<&str>, label: Label, has_named: bool) -> Rows {
        let mut texts = Vec::new();
        let mut keep = |text: CString| {
            let pointer = text.as_ptr();
            texts.push(text);
            pointer
        };
        let scheme = scheme.and_then(|scheme| CString::new(scheme).ok()).map(&mut keep);
        let mut table = |operation| {
            let scheme = scheme.filter(|_| operation == sys::OSSL_OP_STORE);
            let mut rows: Vec<_> = scheme.map(registry::store).into_iter().collect();
            rows.extend(registry::rows(operation, has_named));
            match label {
                Label::None => {}
                Label::Fips => rows.iter_mut().for_each(|row| row.property_definition = keep(with_fips(row))),
                Label::Refusals => {
                    rows.extend(scheme.map(registry::refused_store));
                    rows.extend(registry::refusals(operation));
                }
            }
            rows.push(registry::END);
            (operation, rows)
        };
        let tables = registry::OPERATIONS.map(&mut table).into();
        Rows { tables, _texts: texts }
    }

    /// The rows of an operation.
    pub(crate) fn of(&self, operation: c_int) -> Pointer {
        let table = self.tables.iter().find(|(of, _)| *of == operation);
        Pointer(table.map_or(ptr::null(), |(_, rows)| rows.as_ptr()))
    }
}

/// The properties of a row with `fips=yes` added.
fn with_fips(row: &OSSL_ALGORITHM) -> CString {
    // SAFETY: a constant string of the registry.
    let properties = unsafe { CStr::from_ptr(row.property_definition) };
    let bytes = [properties.to_bytes(), b",fips=yes"].concat();
    CString::new(bytes).unwrap_or_else(|_| properties.to_owned())
}

impl Answer for Pointer {
    type C = *const OSSL_ALGORITHM;
    const FAILED: *const OSSL_ALGORITHM = ptr::null();
    fn into_c(self) -> *const OSSL_ALGORITHM {
        self.0
    }
}
