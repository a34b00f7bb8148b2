//! The parameters of an operation in progress: sets a caller's array, and reads typed values.

use std::ffi::{CStr, c_void};
use std::ptr;

use super::Refused;
use super::queue::succeed;
use crate::ffi::libcrypto::Libcrypto;
use crate::ffi::params::{Kind, Params, ParamsMut};
use crate::ffi::sys::{EVP_PKEY_CTX, OSSL_PARAM};

/// The parameters of an operation in progress, with or without a digest.
pub(crate) struct Options<'a> {
    pub(super) ctx: *mut EVP_PKEY_CTX,
    pub(super) libcrypto: &'a Libcrypto,
    pub(super) borrow: std::marker::PhantomData<&'a mut EVP_PKEY_CTX>,
}

impl Options<'_> {
    /// Passes a caller's array on, in every spelling that OpenSSL accepts.
    ///
    /// # Errors
    /// A parameter is refused.
    pub(crate) fn set(&mut self, params: Params<'_>) -> Result<(), Refused> {
        if params.as_ptr().is_null() {
            return Ok(());
        }
        // SAFETY: the context is alive for the borrow, the array valid by `Params`.
        let result = unsafe { (self.libcrypto.EVP_PKEY_CTX_set_params)(self.ctx, params.as_ptr()) };
        succeed(result, "set a parameter of the operation")
    }

    /// Lets the operation answer a caller's array.
    ///
    /// # Errors
    /// An element does not fit.
    pub(crate) fn answer(&mut self, params: &mut ParamsMut<'_>) -> Result<(), Refused> {
        // SAFETY: the context is alive for the borrow, the array valid by `ParamsMut`.
        let result = unsafe { (self.libcrypto.EVP_PKEY_CTX_get_params)(self.ctx, params.as_ptr()) };
        succeed(result, "answer a parameter of the operation")
    }

    /// An integer parameter; `None` if the operation has no parameter of this name.
    pub(crate) fn int(&mut self, name: &'static CStr) -> Option<i32> {
        self.number(name, Kind::Integer)
    }

    /// An unsigned integer; `None` if the operation has no parameter of this name.
    pub(crate) fn uint(&mut self, name: &'static CStr) -> Option<u32> {
        self.number(name, Kind::Unsigned)
    }

    /// A length; `None` if the operation has no parameter of this name.
    pub(crate) fn size(&mut self, name: &'static CStr) -> Option<usize> {
        self.number(name, Kind::Unsigned)
    }

    /// The bytes that the operation holds under this name; `None` if it holds none.
    pub(crate) fn bytes(&mut self, name: &'static CStr) -> Option<Vec<u8>> {
        let mut held: *const u8 = ptr::null();
        // SAFETY: room for a pointer.
        let length =
            unsafe { self.one(name, Kind::BytesPointer, (&raw mut held).cast(), size_of::<*const u8>()) }?;
        if held.is_null() || length == 0 {
            return None;
        }
        // SAFETY: an OSSL_PARAM_OCTET_PTR was answered with a pointer to this many bytes of the context,
        // which is alive.
        Some(unsafe { std::slice::from_raw_parts(held, length) }.to_vec())
    }

    /// A text parameter; `None` if the operation has no parameter of this name, or an empty one.
    pub(crate) fn text(&mut self, name: &'static CStr) -> Option<String> {
        let mut bytes = [0_u8; 80];
        // SAFETY: the buffer has this size.
        let length = unsafe { self.one(name, Kind::Text, bytes.as_mut_ptr().cast(), bytes.len()) }?;
        let text = std::str::from_utf8(bytes.get(..length)?).ok()?;
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn number<T: Number>(&mut self, name: &'static CStr, kind: Kind) -> Option<T> {
        let mut value = T::default();
        // SAFETY: the buffer is a number of this size.
        unsafe { self.one(name, kind, (&raw mut value).cast(), size_of::<T>()) }?;
        Some(value)
    }

    /// Reads one parameter and returns the size of the answer.
    ///
    /// # Safety
    /// `data` is valid for writes of `size` bytes, and aligned as `kind` requires.
    unsafe fn one(
        &mut self,
        name: &'static CStr,
        kind: Kind,
        data: *mut c_void,
        size: usize,
    ) -> Option<usize> {
        let end = OSSL_PARAM {
            key: ptr::null(),
            data_type: 0,
            data: ptr::null_mut(),
            data_size: 0,
            return_size: 0,
        };
        let element = OSSL_PARAM {
            key: name.as_ptr(),
            data_type: kind.number(),
            data,
            data_size: size,
            return_size: usize::MAX,
        };
        let mut array = [element, end];
        // SAFETY: the array ends with a NULL key and points to a buffer that outlives it.
        let mut params = unsafe { ParamsMut::from_ptr(array.as_mut_ptr()) };
        self.libcrypto.quietly(|| self.answer(&mut params)).ok()?;
        let written = array.first()?.return_size;
        (written != usize::MAX).then_some(written)
    }
}

/// A number that libcrypto writes directly.
trait Number: Copy + Default {}
impl Number for i32 {}
impl Number for u32 {}
impl Number for usize {}
