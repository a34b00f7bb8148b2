//! An OSSL_PARAM array for calls into libcrypto. It is wiped when dropped, because it may contain private
//! numbers.

use std::ffi::{CStr, CString, c_char};
use std::ptr;

use crate::ffi::sys::OSSL_PARAM;
use zeroize::Zeroizing;

use super::read::{Param, ParamError};
use super::{Kind, Params};

/// The array: elements, and the buffers they point to.
#[derive(Default)]
pub(crate) struct ParamList {
    /// All elements. `as_params` adds the end mark.
    elements: Vec<OSSL_PARAM>,
    data: Vec<Zeroizing<Vec<u8>>>,
    /// The names that are not `'static`.
    names: Vec<CString>,
}

impl ParamList {
    /// An empty array.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Copies a caller's array, so that it can be used after the call.
    ///
    /// # Errors
    /// An element has no data or an unknown type.
    pub(crate) fn copy_of(params: Params<'_>) -> Result<Self, ParamError> {
        Self::renamed(params, &[])
    }

    /// Copies an array and renames elements. `names` are pairs of the caller's name and the new name.
    ///
    /// # Errors
    /// As `copy_of`.
    pub(crate) fn renamed(params: Params<'_>, names: &[(&CStr, &CStr)]) -> Result<Self, ParamError> {
        Self::of(params, names)
    }

    /// Copies an array without the elements of this name.
    ///
    /// # Errors
    /// As `copy_of`.
    pub(crate) fn without(params: Params<'_>, name: &CStr) -> Result<Self, ParamError> {
        Self::of(params.into_iter().filter(|param| param.name() != name), &[])
    }

    fn of<'a>(
        params: impl IntoIterator<Item = Param<'a>>,
        names: &[(&CStr, &CStr)],
    ) -> Result<Self, ParamError> {
        let mut list = Self::new();
        for param in params {
            let (kind, value) = param.value()?;
            let mut bytes = Vec::with_capacity(value.len() + 1);
            bytes.extend_from_slice(value);
            bytes.push(0);
            let renamed = names.iter().find(|(name, _)| *name == param.name());
            let name = renamed.map_or(param.name(), |(_, name)| name).to_owned();
            list.push(name.as_ptr(), kind, bytes, 1);
            // Moving the CString does not move its buffer.
            list.names.push(name);
        }
        Ok(list)
    }

    /// Adds an `int`.
    pub(crate) fn int(&mut self, name: &'static CStr, value: i32) -> &mut Self {
        self.push(name.as_ptr(), Kind::Integer, value.to_ne_bytes().to_vec(), 0)
    }

    /// Adds an unsigned integer of any length, given most significant byte first.
    pub(crate) fn unsigned(&mut self, name: &'static CStr, big_endian: &[u8]) -> &mut Self {
        let mut bytes = if big_endian.is_empty() { vec![0] } else { big_endian.to_vec() };
        if cfg!(target_endian = "little") {
            bytes.reverse();
        }
        self.push(name.as_ptr(), Kind::Unsigned, bytes, 0)
    }

    /// Adds text.
    pub(crate) fn text(&mut self, name: &'static CStr, value: &str) -> &mut Self {
        let mut bytes = Vec::with_capacity(value.len() + 1);
        bytes.extend_from_slice(value.as_bytes());
        bytes.push(0);
        self.push(name.as_ptr(), Kind::Text, bytes, 1)
    }

    /// Adds an octet string.
    pub(crate) fn bytes(&mut self, name: &'static CStr, value: &[u8]) -> &mut Self {
        // An empty string must not have a NULL pointer, because libcrypto takes that as a size query. The
        // capacity is reserved in advance, so that no reallocation leaves a copy of a secret.
        let mut bytes = Vec::with_capacity(value.len() + 1);
        bytes.extend_from_slice(value);
        self.push(name.as_ptr(), Kind::Bytes, bytes, 0)
    }

    /// Adds an octet string by pointer: the reference of an object, which the receiver clears
    /// (provider-object(7)).
    ///
    /// # Safety
    /// `bytes` is valid for reads and writes of `size` bytes as long as the array is used.
    pub(in crate::ffi) unsafe fn bytes_at(
        &mut self,
        name: &'static CStr,
        bytes: *mut u8,
        size: usize,
    ) -> &mut Self {
        self.elements.retain(|element| !element.key.is_null());
        self.elements.push(OSSL_PARAM {
            key: name.as_ptr(),
            data_type: Kind::Bytes.number(),
            data: bytes.cast(),
            data_size: size,
            return_size: 0,
        });
        self
    }

    /// Adds an element of another array, without copying its data.
    ///
    /// # Safety
    /// The other array lives as long as this one.
    pub(in crate::ffi) unsafe fn element(&mut self, param: Param<'_>) -> &mut Self {
        let OSSL_PARAM { key, data_type, data, data_size, .. } = *param.as_raw();
        self.elements.retain(|element| !element.key.is_null());
        self.elements.push(OSSL_PARAM { key, data_type, data, data_size, return_size: 0 });
        self
    }

    /// The array for a call into libcrypto.
    pub(crate) fn as_params(&mut self) -> Params<'_> {
        if self.elements.last().is_none_or(|last| !last.key.is_null()) {
            self.elements.push(OSSL_PARAM {
                key: ptr::null(),
                data_type: 0,
                data: ptr::null_mut(),
                data_size: 0,
                return_size: 0,
            });
        }
        // SAFETY: the array ends with a NULL key and lives, with its buffers, as long as the borrow.
        unsafe { Params::from_ptr(self.elements.as_ptr()) }
    }

    /// Adds an element. `uncounted` bytes at the end (a NUL) do not count in its size.
    fn push(&mut self, name: *const c_char, kind: Kind, bytes: Vec<u8>, uncounted: usize) -> &mut Self {
        // The next `as_params` adds the end mark again.
        self.elements.retain(|element| !element.key.is_null());
        let mut bytes = Zeroizing::new(bytes);
        self.elements.push(OSSL_PARAM {
            key: name,
            data_type: kind.number(),
            data: bytes.as_mut_ptr().cast(),
            data_size: bytes.len() - uncounted,
            return_size: 0,
        });
        // Moving the Vec does not move its buffer.
        self.data.push(bytes);
        self
    }
}

// SAFETY: the pointers of the elements point into `data` and `names`, which move along, and to `'static` names.
unsafe impl Send for ParamList {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::params::settable;

    settable! {
        struct Sample {
            number: i32 = c"number",
            text: String = c"text",
        }
    }

    #[test]
    fn a_copy_renames_the_listed_parameters() {
        let mut original = ParamList::new();
        let mut copy = ParamList::renamed(
            original.int(c"rate", 9).text(c"text", "word").as_params(),
            &[(c"rate", c"number")],
        )
        .unwrap();
        let read = Sample::read(copy.as_params()).unwrap();
        assert_eq!((read.number, read.text.as_deref()), (Some(9), Some("word")));
    }

    #[test]
    fn a_copy_outlives_the_original() {
        let mut original = ParamList::new();
        let mut copy =
            ParamList::copy_of(original.int(c"number", -7).text(c"text", "word").as_params()).unwrap();
        drop(original);
        let mut moved = Box::new(std::mem::take(&mut copy));
        let read = Sample::read(moved.as_params()).unwrap();
        assert_eq!((read.number, read.text.as_deref()), (Some(-7), Some("word")));
        assert!(ParamList::copy_of(Params::none()).unwrap().as_params().is_none());
    }
}
