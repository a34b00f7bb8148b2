//! Reading a caller's OSSL_PARAM array.

use std::ffi::{CStr, c_char};
use std::fmt;
use std::marker::PhantomData;
use std::slice;

use crate::ffi::sys::OSSL_PARAM;
use zeroize::Zeroizing;

use super::Kind;

const INTEGER: u32 = Kind::Integer.number();
const UNSIGNED: u32 = Kind::Unsigned.number();
const UTF8_STRING: u32 = Kind::Text.number();
const OCTET_STRING: u32 = Kind::Bytes.number();
const UTF8_PTR: u32 = Kind::Constant.number();
const OCTET_PTR: u32 = Kind::BytesPointer.number();

/// An array that a caller sets; it may be absent.
#[derive(Clone, Copy)]
pub(crate) struct Params<'a> {
    next: *const OSSL_PARAM,
    borrow: PhantomData<&'a OSSL_PARAM>,
}

impl Params<'_> {
    /// An empty array.
    pub(crate) const fn none() -> Self {
        Self { next: std::ptr::null(), borrow: PhantomData }
    }

    /// Takes a pointer from libcrypto.
    ///
    /// # Safety
    /// `array` is NULL or an array as OSSL_PARAM(3ossl) describes it, unchanged during the lifetime.
    pub(in crate::ffi) const unsafe fn from_ptr(array: *const OSSL_PARAM) -> Self {
        Self { next: array, borrow: PhantomData }
    }

    /// The array for a call into libcrypto; NULL if there is none.
    pub(in crate::ffi) const fn as_ptr(self) -> *const OSSL_PARAM {
        self.next
    }
}

impl<'a> Params<'a> {
    /// Returns true if there are no parameters.
    pub(crate) fn is_none(mut self) -> bool {
        self.next().is_none()
    }

    /// The parameter of this name.
    pub(crate) fn find(mut self, name: &CStr) -> Option<Param<'a>> {
        Iterator::find(&mut self, |param| param.name() == name)
    }
}

impl<'a> Iterator for Params<'a> {
    type Item = Param<'a>;

    fn next(&mut self) -> Option<Param<'a>> {
        // SAFETY: by `from_ptr`, `next` is NULL or an element of an array that lives for 'a.
        let param = unsafe { self.next.as_ref() }.filter(|param| !param.key.is_null())?;
        self.next = self.next.wrapping_add(1);
        Some(Param(param))
    }
}

/// One element of an array.
#[derive(Clone, Copy)]
pub(crate) struct Param<'a>(&'a OSSL_PARAM);

impl<'a> Param<'a> {
    /// The name.
    pub(crate) fn name(self) -> &'a CStr {
        // SAFETY: the key of an element that is not the last is a string (OSSL_PARAM(3ossl)).
        unsafe { CStr::from_ptr(self.0.key) }
    }

    /// The element for another array.
    pub(in crate::ffi) const fn as_raw(self) -> &'a OSSL_PARAM {
        self.0
    }

    /// The value as a machine integer.
    ///
    /// # Errors
    /// It is not an integer, or it is too large.
    pub(crate) fn integer(self) -> Result<i128, ParamError> {
        let signed = match self.0.data_type {
            INTEGER => true,
            UNSIGNED => false,
            _ => return Err(self.error("is no integer")),
        };
        let bytes = big_endian(self.data()?);
        let negative = signed && bytes.first().is_some_and(|first| first & 0x80 != 0);
        let mut value = if negative { -1_i128 } else { 0 };
        for byte in bytes.iter() {
            let shifted = value.checked_mul(0x100).ok_or_else(|| self.error("is too large"))?;
            value = shifted + i128::from(*byte);
        }
        Ok(value)
    }

    /// The value as text.
    ///
    /// # Errors
    /// It is not text, or not UTF-8.
    pub(crate) fn text(self) -> Result<&'a str, ParamError> {
        let bytes = match self.0.data_type {
            // The size of a string does not include its NUL, but some callers include it.
            UTF8_STRING => self.data()?,
            UTF8_PTR => {
                let text = self.pointee()?.cast::<c_char>();
                // SAFETY: an OSSL_PARAM_UTF8_PTR points to a pointer to a NUL-terminated string.
                unsafe { CStr::from_ptr(text) }.to_bytes()
            }
            _ => return Err(self.error("is no text")),
        };
        let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        std::str::from_utf8(bytes).map_err(|_| self.error("is not UTF-8"))
    }

    /// The value as an octet string.
    ///
    /// # Errors
    /// It is not an octet string.
    pub(crate) fn bytes(self) -> Result<&'a [u8], ParamError> {
        match self.0.data_type {
            OCTET_STRING => self.data(),
            OCTET_PTR => {
                let bytes = self.pointee()?.cast::<u8>();
                // SAFETY: an OSSL_PARAM_OCTET_PTR points to a pointer to `data_size` bytes.
                Ok(unsafe { slice::from_raw_parts(bytes, self.0.data_size) })
            }
            _ => Err(self.error("is no octet string")),
        }
    }

    /// The value of any type. Pointers are followed.
    ///
    /// # Errors
    /// It has no data or an unknown type.
    pub(super) fn value(self) -> Result<(Kind, &'a [u8]), ParamError> {
        match self.0.data_type {
            INTEGER => Ok((Kind::Integer, self.data()?)),
            UNSIGNED => Ok((Kind::Unsigned, self.data()?)),
            UTF8_STRING => Ok((Kind::Text, self.data()?)),
            UTF8_PTR => Ok((Kind::Text, self.text()?.as_bytes())),
            OCTET_STRING | OCTET_PTR => Ok((Kind::Bytes, self.bytes()?)),
            _ => Err(self.error("is of a type that no key has")),
        }
    }

    fn data(self) -> Result<&'a [u8], ParamError> {
        if self.0.data_size == 0 {
            return Ok(&[]);
        }
        if self.0.data.is_null() {
            return Err(self.error("has no data"));
        }
        // SAFETY: `data` points to `data_size` bytes (OSSL_PARAM(3ossl)) that live as long as the array.
        Ok(unsafe { slice::from_raw_parts(self.0.data.cast(), self.0.data_size) })
    }

    fn pointee(self) -> Result<*const u8, ParamError> {
        // SAFETY: `data` of the _PTR types points to a pointer, or is NULL.
        let pointer = unsafe { self.0.data.cast::<*const u8>().as_ref() }.copied();
        pointer.filter(|pointer| !pointer.is_null()).ok_or_else(|| self.error("has no data"))
    }

    fn error(self, what: &'static str) -> ParamError {
        ParamError { name: self.name().to_string_lossy().into_owned(), what }
    }
}

/// A parameter that cannot be read, or an answer that does not fit.
#[derive(Debug)]
pub(crate) struct ParamError {
    pub(super) name: String,
    pub(super) what: &'static str,
}

impl fmt::Display for ParamError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "parameter {} {}", self.name, self.what)
    }
}

impl std::error::Error for ParamError {}

/// A type of a row in a `settable!` table.
pub(crate) trait FromParam: Sized {
    /// The type in the descriptor list.
    const KIND: Kind;
    /// Reads a parameter.
    ///
    /// # Errors
    /// The parameter has another type, or does not fit.
    fn read(param: Param<'_>) -> Result<Self, ParamError>;
}

macro_rules! integers {
    ($($type:ty => $kind:ident),*) => {$(
        impl FromParam for $type {
            const KIND: Kind = Kind::$kind;
            fn read(param: Param<'_>) -> Result<Self, ParamError> {
                Self::try_from(param.integer()?).map_err(|_| param.error("is out of range"))
            }
        }
    )*};
}
integers!(i32 => Integer, u32 => Unsigned, usize => Unsigned, u64 => Unsigned);

impl FromParam for String {
    const KIND: Kind = Kind::Text;
    fn read(param: Param<'_>) -> Result<Self, ParamError> {
        param.text().map(Self::from)
    }
}

impl FromParam for Vec<u8> {
    const KIND: Kind = Kind::Bytes;
    fn read(param: Param<'_>) -> Result<Self, ParamError> {
        param.bytes().map(<[u8]>::to_vec)
    }
}

impl FromParam for Zeroizing<Vec<u8>> {
    const KIND: Kind = Kind::Bytes;
    fn read(param: Param<'_>) -> Result<Self, ParamError> {
        param.bytes().map(|bytes| Self::new(bytes.to_vec()))
    }
}

/// A password: bytes, or text without its NUL.
pub(crate) struct Password(Zeroizing<Vec<u8>>);

impl Password {
    /// The bytes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl FromParam for Password {
    // With this type `-pkeyopt hexuser-auth:00ff` gives the password in hexadecimal
    // (OSSL_PARAM_allocate_from_text(3ossl)).
    const KIND: Kind = Kind::Bytes;
    fn read(param: Param<'_>) -> Result<Self, ParamError> {
        let bytes = match param.0.data_type {
            UTF8_STRING => param.data()?.split(|byte| *byte == 0).next().unwrap_or_default(),
            _ => param.bytes()?,
        };
        Ok(Self(Zeroizing::new(bytes.to_vec())))
    }
}

/// A value that OpenSSL's commands send as text and its libraries as an integer (`pad-mode`, `saltlen`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum IntOrText {
    /// An integer.
    Int(i32),
    /// Text.
    Text(String),
}

impl FromParam for IntOrText {
    const KIND: Kind = Kind::Text;
    fn read(param: Param<'_>) -> Result<Self, ParamError> {
        match param.0.data_type {
            INTEGER | UNSIGNED => i32::read(param).map(Self::Int),
            _ => String::read(param).map(Self::Text),
        }
    }
}

/// An unsigned integer of any length (a BIGNUM), most significant byte first, without leading zeros.
#[derive(Clone)]
pub(crate) struct Unsigned(Zeroizing<Vec<u8>>);

impl Unsigned {
    /// The bytes, most significant first.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl FromParam for Unsigned {
    const KIND: Kind = Kind::Unsigned;
    fn read(param: Param<'_>) -> Result<Self, ParamError> {
        if param.0.data_type != UNSIGNED {
            return Err(param.error("is no unsigned integer"));
        }
        let bytes = big_endian(param.data()?);
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Ok(Self(Zeroizing::new(bytes.iter().skip(zeros).copied().collect())))
    }
}

/// The bytes of a native integer, most significant first.
fn big_endian(native: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(native.to_vec());
    if cfg!(target_endian = "little") {
        bytes.reverse();
    }
    bytes
}
