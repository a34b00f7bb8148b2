//! Answers a caller's OSSL_PARAM array, with the size protocol of OSSL_PARAM(3ossl): `return_size` always
//! contains the required size, NULL data only asks for the size, and a small buffer is an error.

use std::ffi::{CStr, c_char};
use std::marker::PhantomData;
use std::slice;

use crate::ffi::sys::OSSL_PARAM;

use super::{Kind, ParamError};

const INTEGER: u32 = Kind::Integer.number();
const UNSIGNED: u32 = Kind::Unsigned.number();
const UTF8_STRING: u32 = Kind::Text.number();
const OCTET_STRING: u32 = Kind::Bytes.number();
const UTF8_PTR: u32 = Kind::Constant.number();

/// An array that a caller wants answered; it may be absent.
pub(crate) struct ParamsMut<'a> {
    first: *mut OSSL_PARAM,
    borrow: PhantomData<&'a mut OSSL_PARAM>,
}

impl ParamsMut<'_> {
    /// Takes a pointer from libcrypto.
    ///
    /// # Safety
    /// `array` is NULL or an array as OSSL_PARAM(3ossl) describes it, and has no other user during the
    /// lifetime.
    pub(in crate::ffi) const unsafe fn from_ptr(array: *mut OSSL_PARAM) -> Self {
        Self { first: array, borrow: PhantomData }
    }

    /// The array for a call into libcrypto; NULL if there is none.
    pub(in crate::ffi) const fn as_ptr(&mut self) -> *mut OSSL_PARAM {
        self.first
    }

    /// Returns true if the array has an element of this name.
    pub(crate) fn ask(&mut self, name: &CStr) -> bool {
        let mut asked = false;
        let found = self.each(|element, _| {
            asked |= element == name;
            Ok::<_, std::convert::Infallible>(())
        });
        found.is_ok() && asked
    }

    /// Call it before libcrypto writes an octet string into the element of this name. For an encoded point,
    /// OpenSSL 3.0 accepts any type and takes `return_size`, which is no limit, as the size of the buffer
    /// (common_get_params in ec_kmgmt.c). So it writes beyond a short buffer.
    ///
    /// # Errors
    /// The element is not an octet string.
    /// The element is no octet string.
    pub(crate) fn limit_bytes(&mut self, name: &CStr) -> Result<(), ParamError> {
        self.each(|element, slot| match slot.0.data_type {
            OCTET_STRING if element == name => {
                slot.0.return_size = slot.0.data_size;
                Ok(())
            }
            _ if element == name => Err(slot.error("is asked as another type than an octet string")),
            _ => Ok(()),
        })
    }

    /// Calls `answer` for each element. Elements that it skips stay unmodified, as OSSL_PARAM(3ossl)
    /// requires.
    ///
    /// # Errors
    /// The first error of `answer`.
    pub(crate) fn each<E>(
        &mut self,
        mut answer: impl FnMut(&CStr, &mut Slot<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut next = self.first;
        loop {
            // SAFETY: by `from_ptr`, `next` is NULL or an element of the array, which has no other user.
            let Some(param) = (unsafe { next.as_mut() }).filter(|param| !param.key.is_null()) else {
                return Ok(());
            };
            // SAFETY: the key of an element that is not the last is a string (OSSL_PARAM(3ossl)).
            let name = unsafe { CStr::from_ptr(param.key) };
            answer(name, &mut Slot(param))?;
            next = next.wrapping_add(1);
        }
    }
}

/// One element that expects an answer.
pub(crate) struct Slot<'a>(&'a mut OSSL_PARAM);

impl Slot<'_> {
    /// Answers an integer in the caller's width.
    ///
    /// # Errors
    /// The element is not an integer, or is too narrow.
    pub(crate) fn int(&mut self, value: impl Into<i64>) -> Result<(), ParamError> {
        let value: i64 = value.into();
        self.integer(i128::from(value))
    }

    /// Answers a machine size.
    ///
    /// # Errors
    /// The element is not an integer, or is too narrow.
    pub(crate) fn size(&mut self, value: usize) -> Result<(), ParamError> {
        let value = i128::try_from(value).map_err(|_| self.error("is too large"))?;
        self.integer(value)
    }

    /// Answers an unsigned integer of any length (a BIGNUM), given most significant byte first.
    ///
    /// # Errors
    /// The element is not an unsigned integer, or is too small.
    pub(crate) fn unsigned(&mut self, big_endian: &[u8]) -> Result<(), ParamError> {
        if self.0.data_type != UNSIGNED {
            return Err(self.error("is asked as another type than an unsigned integer"));
        }
        let zeros = big_endian.iter().take_while(|byte| **byte == 0).count();
        let significant = big_endian.get(zeros..).unwrap_or_default();
        self.native(significant, 0)
    }

    /// Answers text.
    ///
    /// # Errors
    /// The element is not text, or is too small.
    pub(crate) fn text(&mut self, value: &str) -> Result<(), ParamError> {
        if self.0.data_type != UTF8_STRING {
            return Err(self.error("is asked as another type than text"));
        }
        let bytes = value.as_bytes();
        let Some(room) = self.room(bytes.len())? else { return Ok(()) };
        copy(bytes, room);
        // The size does not include the NUL, which is written only if it fits.
        if let Some(end) = room.get_mut(bytes.len()) {
            *end = 0;
        }
        Ok(())
    }

    /// Answers text that lives forever: by pointer if the caller asks for one (provider-base(7)), otherwise
    /// by copy.
    ///
    /// # Errors
    /// The element is not text, or is too small.
    pub(crate) fn constant(&mut self, value: &'static CStr) -> Result<(), ParamError> {
        if self.0.data_type != UTF8_PTR {
            return self.text(&value.to_string_lossy());
        }
        // SAFETY: `data` of an OSSL_PARAM_UTF8_PTR is NULL or points to a pointer (OSSL_PARAM(3ossl)).
        if let Some(pointer) = unsafe { self.0.data.cast::<*const c_char>().as_mut() } {
            *pointer = value.as_ptr();
        }
        self.0.return_size = value.to_bytes().len();
        Ok(())
    }

    /// Answers an octet string.
    ///
    /// # Errors
    /// The element is not an octet string, or is too small.
    pub(crate) fn bytes(&mut self, value: &[u8]) -> Result<(), ParamError> {
        if self.0.data_type != OCTET_STRING {
            return Err(self.error("is asked as another type than an octet string"));
        }
        let Some(room) = self.room(value.len())? else { return Ok(()) };
        copy(value, room);
        Ok(())
    }

    fn integer(&mut self, value: i128) -> Result<(), ParamError> {
        let signed = match self.0.data_type {
            INTEGER => true,
            UNSIGNED if value >= 0 => false,
            UNSIGNED => return Err(self.error("is negative and asked as unsigned")),
            _ => return Err(self.error("is asked as another type than an integer")),
        };
        let bytes = value.to_be_bytes();
        let fill = if value < 0 { 0xff } else { 0 };
        let mut significant = bytes.as_slice();
        while let [first, rest @ ..] = significant {
            let same_sign = rest.first().is_some_and(|next| (next ^ fill) & 0x80 == 0);
            if *first != fill || rest.is_empty() || (signed && !same_sign) {
                break;
            }
            significant = rest;
        }
        if self.0.data.is_null() {
            // The size that a caller without a buffer should provide: an int, or an int64 if that is too
            // narrow.
            self.0.return_size = if significant.len() <= 4 { 4 } else { 8 };
            return Ok(());
        }
        self.native(significant, fill)
    }

    /// Writes an integer in the width of the caller's element.
    fn native(&mut self, significant: &[u8], fill: u8) -> Result<(), ParamError> {
        let Some(room) = self.room(significant.len().max(1))? else { return Ok(()) };
        room.fill(fill);
        if cfg!(target_endian = "little") {
            for (to, from) in room.iter_mut().zip(significant.iter().rev()) {
                *to = *from;
            }
        } else {
            let start = room.len() - significant.len();
            copy(significant, room.get_mut(start..).unwrap_or_default());
        }
        self.0.return_size = self.0.data_size;
        Ok(())
    }

    /// The caller's buffer; `None` if the caller only asks for the size.
    fn room(&mut self, needed: usize) -> Result<Option<&mut [u8]>, ParamError> {
        self.0.return_size = needed;
        if self.0.data.is_null() {
            return Ok(None);
        }
        if self.0.data_size < needed {
            return Err(self.error("has too little room"));
        }
        // SAFETY: `data` points to `data_size` bytes, which have no other user (`ParamsMut::from_ptr`).
        Ok(Some(unsafe { slice::from_raw_parts_mut(self.0.data.cast(), self.0.data_size) }))
    }

    fn error(&self, what: &'static str) -> ParamError {
        // SAFETY: the key of an element that is not the last is a string (OSSL_PARAM(3ossl)).
        let name = unsafe { CStr::from_ptr(self.0.key) };
        ParamError { name: name.to_string_lossy().into_owned(), what }
    }
}

/// Copies as much as fits. The callers have checked the size.
fn copy(from: &[u8], to: &mut [u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::c_void;
    use std::ptr;

    fn element(data_type: u32, buffer: Option<&mut [u8]>) -> OSSL_PARAM {
        let (data, data_size) =
            buffer.map_or((ptr::null_mut(), 0), |b| (b.as_mut_ptr().cast::<c_void>(), b.len()));
        OSSL_PARAM { key: c"x".as_ptr(), data_type, data, data_size, return_size: usize::MAX }
    }

    #[test]
    fn integers_take_the_width_of_the_caller() {
        let mut four = [0xaa; 4];
        let mut param = element(INTEGER, Some(&mut four));
        Slot(&mut param).int(-2).unwrap();
        assert_eq!(param.return_size, 4);
        assert_eq!(i32::from_ne_bytes(four), -2);
        let mut eight = [0xaa; 8];
        Slot(&mut element(UNSIGNED, Some(&mut eight))).size(4096).unwrap();
        assert_eq!(u64::from_ne_bytes(eight), 4096);
        let mut one = [0xaa; 1];
        let mut param = element(INTEGER, Some(&mut one));
        assert!(Slot(&mut param).int(128).is_err(), "128 needs a sign bit");
        Slot(&mut param).int(-128).unwrap();
        assert_eq!(one, [0x80]);
        assert!(Slot(&mut element(UNSIGNED, Some(&mut one))).int(-1).is_err());
    }

    #[test]
    fn a_size_query_writes_nothing_and_little_room_is_an_error() {
        let mut query = element(UNSIGNED, None);
        Slot(&mut query).unsigned(&[0, 0, 1, 2, 3]).unwrap();
        assert_eq!(query.return_size, 3);
        let mut two = [0xaa; 2];
        let mut small = element(UNSIGNED, Some(&mut two));
        assert!(Slot(&mut small).unsigned(&[1, 2, 3]).is_err());
        assert_eq!((small.return_size, two), (3, [0xaa; 2]));
        let mut five = [0xaa; 5];
        Slot(&mut element(UNSIGNED, Some(&mut five))).unsigned(&[1, 2, 3]).unwrap();
        let mut big = five.to_vec();
        if cfg!(target_endian = "little") {
            big.reverse();
        }
        assert_eq!(big, [0, 0, 1, 2, 3]);
    }

    #[test]
    fn bytes_that_libcrypto_writes_are_bounded() {
        let mut two = [0xaa; 2];
        let mut array = [element(OCTET_STRING, Some(&mut two)), element(OCTET_STRING, None)];
        array[1].key = ptr::null();
        // SAFETY: an array that ends with a NULL key.
        unsafe { ParamsMut::from_ptr(array.as_mut_ptr()) }.limit_bytes(c"x").unwrap();
        assert_eq!(array[0].return_size, 2);
        array[0].data_type = Kind::BytesPointer.number();
        // SAFETY: as above.
        unsafe { ParamsMut::from_ptr(array.as_mut_ptr()) }.limit_bytes(c"x").unwrap_err();
    }

    #[test]
    fn text_ends_with_nul_where_there_is_room() {
        let mut six = [0xaa; 6];
        let mut param = element(UTF8_STRING, Some(&mut six));
        Slot(&mut param).text("P-256").unwrap();
        assert_eq!((param.return_size, &six), (5, b"P-256\0"));
        let mut four = [0; 4];
        assert!(Slot(&mut element(UTF8_STRING, Some(&mut four))).text("P-256").is_err());
    }
}
