//! Lists of attributes: those that the caller gives, and those that it asks for.

use cryptoki_sys::*;
use zeroize::Zeroizing;

use super::argument::{bad, slice};
use crate::error::{Error, Result};
use crate::object::Found;

/// The most attributes that a list may have. Classes have about forty.
const MOST: usize = 1000;

/// Attributes with their values.
#[derive(Clone, Default)]
pub(crate) struct Template<'a>(Vec<(CK_ATTRIBUTE_TYPE, &'a [u8])>);

impl<'a> Template<'a> {
    /// # Safety
    /// The shared promise of `ffi`.
    pub(super) unsafe fn read(attributes: *mut CK_ATTRIBUTE, count: CK_ULONG) -> Result<Self> {
        // SAFETY: promised by the caller.
        let attributes = unsafe { list(attributes, count) }?;
        let read = |attribute: &CK_ATTRIBUTE| {
            // SAFETY: promised by the caller.
            let value = unsafe { slice(attribute.pValue.cast(), attribute.ulValueLen) }?;
            Ok((attribute.type_, value))
        };
        attributes.iter().map(read).collect::<Result<_>>().map(Self)
    }

    /// Returns all attributes.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (CK_ATTRIBUTE_TYPE, &'a [u8])> + '_ {
        self.0.iter().copied()
    }

    /// Returns the value of an attribute.
    pub(crate) fn bytes(&self, wanted: CK_ATTRIBUTE_TYPE) -> Option<&'a [u8]> {
        self.iter().find(|(attribute, _)| *attribute == wanted).map(|(_, value)| value)
    }

    /// Returns the value of an attribute with a number.
    ///
    /// # Errors
    /// CKR_ATTRIBUTE_VALUE_INVALID
    pub(crate) fn number(&self, wanted: CK_ATTRIBUTE_TYPE) -> Result<Option<CK_ULONG>> {
        let number = |value: &[u8]| value.try_into().map(CK_ULONG::from_ne_bytes);
        self.bytes(wanted).map(number).transpose().map_err(|_| invalid(wanted))
    }

    /// Returns the value of a boolean attribute.
    ///
    /// # Errors
    /// CKR_ATTRIBUTE_VALUE_INVALID
    pub(crate) fn flag(&self, wanted: CK_ATTRIBUTE_TYPE) -> Result<Option<bool>> {
        match self.bytes(wanted) {
            None => Ok(None),
            Some([value]) => Ok(Some(*value != CK_FALSE)),
            Some(_) => Err(invalid(wanted)),
        }
    }

    /// Returns the value of an attribute with text.
    ///
    /// # Errors
    /// CKR_ATTRIBUTE_VALUE_INVALID
    pub(crate) fn text(&self, wanted: CK_ATTRIBUTE_TYPE) -> Result<Option<&'a str>> {
        self.bytes(wanted).map(std::str::from_utf8).transpose().map_err(|_| invalid(wanted))
    }
}

fn invalid(attribute: CK_ATTRIBUTE_TYPE) -> Error {
    Error::new(CKR_ATTRIBUTE_VALUE_INVALID, format!("the value of attribute 0x{attribute:x} is invalid"))
}

/// Attributes whose values the caller asks for.
pub(crate) struct Answers<'a>(&'a mut [CK_ATTRIBUTE]);

impl<'a> Answers<'a> {
    /// # Safety
    /// The shared promise of `ffi`.
    pub(super) unsafe fn new(attributes: *mut CK_ATTRIBUTE, count: CK_ULONG) -> Result<Self> {
        // SAFETY: promised by the caller. It checks the pointer and the count.
        let count = unsafe { list(attributes, count) }?.len();
        if count == 0 {
            return Ok(Self(&mut []));
        }
        // SAFETY: not NULL, promised by the caller.
        Ok(Self(unsafe { std::slice::from_raw_parts_mut(attributes, count) }))
    }

    /// Answers every attribute (PKCS#11 §5.7.5), also after one that has no answer.
    ///
    /// # Errors
    /// CKR_ATTRIBUTE_SENSITIVE, CKR_ATTRIBUTE_TYPE_INVALID or CKR_BUFFER_TOO_SMALL for the last attribute without an answer.
    pub(crate) fn fill(self, value: impl Fn(CK_ATTRIBUTE_TYPE) -> Found) -> Result<()> {
        let mut failed = Ok(());
        for attribute in self.0 {
            let refused = match value(attribute.type_) {
                Found::Value(value) => put(attribute, value),
                Found::Sensitive => Some(CKR_ATTRIBUTE_SENSITIVE),
                Found::Unknown => Some(CKR_ATTRIBUTE_TYPE_INVALID),
            };
            if let Some(code) = refused {
                attribute.ulValueLen = CK_UNAVAILABLE_INFORMATION;
                failed = Err(Error::new(code, format!("attribute 0x{:x} has no answer", attribute.type_)));
            }
        }
        failed
    }
}

/// Writes a value, or its length if the caller asks for it. Returns the code of a refusal.
fn put(attribute: &mut CK_ATTRIBUTE, value: Zeroizing<Vec<u8>>) -> Option<CK_RV> {
    let length = CK_ULONG::try_from(value.len()).ok()?;
    if attribute.pValue.is_null() {
        attribute.ulValueLen = length;
        return None;
    }
    if attribute.ulValueLen < length {
        return Some(CKR_BUFFER_TOO_SMALL);
    }
    // SAFETY: the buffer has room, by the shared promise of `ffi`, and overlaps no memory of this module.
    unsafe { std::ptr::copy_nonoverlapping(value.as_ptr(), attribute.pValue.cast(), value.len()) };
    attribute.ulValueLen = length;
    None
}

/// # Safety
/// The shared promise of `ffi`.
unsafe fn list<'a>(attributes: *const CK_ATTRIBUTE, count: CK_ULONG) -> Result<&'a [CK_ATTRIBUTE]> {
    if !attributes.is_aligned() {
        return Err(bad("the list of attributes is not aligned"));
    }
    match (attributes.is_null(), usize::try_from(count)) {
        (_, Ok(0)) => Ok(&[]),
        (true, _) => Err(bad("the list of attributes is NULL but has a length")),
        // SAFETY: promised by the caller.
        (false, Ok(count)) if count <= MOST => Ok(unsafe { std::slice::from_raw_parts(attributes, count) }),
        _ => Err(bad("the list of attributes is too long")),
    }
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::*;

    fn attribute(type_: CK_ATTRIBUTE_TYPE, value: &mut [u8]) -> CK_ATTRIBUTE {
        let length = CK_ULONG::try_from(value.len()).unwrap();
        CK_ATTRIBUTE { type_, pValue: value.as_mut_ptr().cast(), ulValueLen: length }
    }

    #[test]
    fn values_have_the_size_of_their_type() {
        let (mut class, mut flag, mut label) = (CKO_PRIVATE_KEY.to_ne_bytes(), [CK_TRUE], *b"\xff");
        let mut list = [
            attribute(CKA_CLASS, &mut class),
            attribute(CKA_TOKEN, &mut flag),
            attribute(CKA_LABEL, &mut label),
        ];
        // SAFETY: the list is valid.
        let template = unsafe { Template::read(list.as_mut_ptr(), 3) }.unwrap();
        assert_eq!(template.number(CKA_CLASS).unwrap(), Some(CKO_PRIVATE_KEY));
        assert_eq!(template.flag(CKA_TOKEN).unwrap(), Some(true));
        assert_eq!(template.flag(CKA_PRIVATE).unwrap(), None);
        for wrong in [
            template.number(CKA_TOKEN).map(drop),
            template.flag(CKA_CLASS).map(drop),
            template.text(CKA_LABEL).map(drop),
        ] {
            assert_eq!(wrong.unwrap_err().code(), CKR_ATTRIBUTE_VALUE_INVALID);
        }
        // SAFETY: NULL without a length is empty, with one an error.
        assert_eq!(unsafe { Template::read(ptr::null_mut(), 0) }.unwrap().iter().count(), 0);
        // SAFETY: as above.
        assert!(unsafe { Template::read(ptr::null_mut(), 1) }.is_err());
        // SAFETY: the list is too long, which is found before it is read.
        assert!(unsafe { Template::read(list.as_mut_ptr(), 1 << 40) }.is_err());
        list[0].pValue = ptr::null_mut();
        // SAFETY: as above.
        assert!(unsafe { Template::read(list.as_mut_ptr(), 1) }.is_err());
    }

    #[test]
    fn the_others_are_answered_after_an_attribute_without_an_answer() {
        let answer = |attribute| match attribute {
            CKA_LABEL | CKA_ID => Found::Value(Zeroizing::new(b"abc".to_vec())),
            CKA_VALUE => Found::Sensitive,
            _ => Found::Unknown,
        };
        let (mut label, mut id, mut value) = ([0; 4], [0; 2], [0; 9]);
        let mut list = [
            attribute(CKA_VALUE, &mut value),
            attribute(CKA_MODULUS, &mut []),
            attribute(CKA_ID, &mut id),
            attribute(CKA_LABEL, &mut label),
            CK_ATTRIBUTE { type_: CKA_ID, pValue: ptr::null_mut(), ulValueLen: 0 },
        ];
        // SAFETY: the list is valid.
        let error = unsafe { Answers::new(list.as_mut_ptr(), 5) }.unwrap().fill(answer).unwrap_err();
        assert_eq!(error.code(), CKR_BUFFER_TOO_SMALL);
        let none = CK_UNAVAILABLE_INFORMATION;
        assert_eq!(list.map(|attribute| attribute.ulValueLen), [none, none, none, 3, 3]);
        assert_eq!((label, id, value), (*b"abc\0", [0; 2], [0; 9]));
    }
}
