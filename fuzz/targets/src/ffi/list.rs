//! A list of OSSL_PARAM with elements of any name, type, size and contents, as far as OSSL_PARAM(3ossl) lets a caller choose.

use std::ffi::{CStr, c_void};
use std::ptr;

use openssl_sys::OSSL_PARAM;

/// OSSL_PARAM_UTF8_PTR and OSSL_PARAM_OCTET_PTR.
const POINTERS: [u32; 2] = [6, 7];
/// The bytes that must follow each buffer after a call.
const CANARY: [u8; 16] = [0xa5; 16];

/// One element.
pub(crate) struct Element {
    pub(crate) name: &'static CStr,
    pub(crate) kind: u32,
    pub(crate) data: Vec<u8>,
    /// NULL instead of a buffer, to ask for the size.
    pub(crate) absent: bool,
}

/// The elements with their buffers, each followed by a NUL and by bytes that must not change.
pub(crate) struct List {
    array: Vec<OSSL_PARAM>,
    buffers: Vec<(Box<[u8]>, usize)>,
    pointers: Vec<Box<[*mut c_void]>>,
}

impl List {
    /// Returns the parameters that a caller sets.
    pub(crate) fn to_set(elements: &[Element]) -> Self {
        Self::new(elements, false)
    }

    /// Returns the parameters that a caller gets. Their buffers may be absent.
    pub(crate) fn to_get(elements: &[Element]) -> Self {
        Self::new(elements, true)
    }

    fn new(elements: &[Element], absent_allowed: bool) -> Self {
        let mut list = Self { array: Vec::new(), buffers: Vec::new(), pointers: Vec::new() };
        for element in elements {
            list.push(element, absent_allowed && element.absent);
        }
        list.array.push(OSSL_PARAM {
            key: ptr::null(),
            data_type: 0,
            data: ptr::null_mut(),
            data_size: 0,
            return_size: 0,
        });
        list
    }

    fn push(&mut self, element: &Element, absent: bool) {
        let size = element.data.len();
        let mut buffer = [&element.data[..], &[0], &CANARY].concat().into_boxed_slice();
        let mut data: *mut c_void = buffer.as_mut_ptr().cast();
        self.buffers.push((buffer, size));
        if POINTERS.contains(&element.kind) {
            let mut pointer = vec![if absent { ptr::null_mut() } else { data }].into_boxed_slice();
            data = pointer.as_mut_ptr().cast();
            self.pointers.push(pointer);
        } else if absent {
            data = ptr::null_mut();
        }
        self.array.push(OSSL_PARAM {
            key: element.name.as_ptr(),
            data_type: element.kind,
            data,
            data_size: size,
            // OSSL_PARAM_UNMODIFIED
            return_size: usize::MAX,
        });
    }

    pub(super) fn as_mut_ptr(&mut self) -> *mut OSSL_PARAM {
        self.array.as_mut_ptr()
    }

    /// Checks that nothing was written past the end of a buffer.
    pub(crate) fn check(&self) {
        for (buffer, size) in &self.buffers {
            assert_eq!(buffer[size + 1..], CANARY, "written past the end of a buffer of {size}");
        }
    }
}
