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

    /// All attributes.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (CK_ATTRIBUTE_TYPE, &'a [u8])> + '_ {
        self.0.iter().copied()
    }

    /// The value of an attribute.
    pub(crate) fn bytes(&self, wanted: CK_ATTRIBUTE_TYPE) -> Option<&'a [u8]> {
        self.iter().find(|(attribute, _)| *attribute == wanted).map(|(_, value)| value)
    }

    /// The value of an attribute with a number.
    ///
    /// # Errors
    /// CKR_ATTRIBUTE_VALUE_INVALID
    pub(crate) fn number(&self, wanted: CK_ATTRIBUTE_TYPE) -> Result<Option<CK_ULONG>> {
        let number = |value: &[u8]| value.try_into().map(CK_ULONG::from_ne_bytes);
        self.bytes(wanted).map(number).transpose().map_err(|_| invalid(wanted))
    }

    /// The value of a boolean attribute.
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

    /// The value of an attribute with text.
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

    /// Answers every attribute (PKCS#11 §5.7.5): an attribute that has no answer does not keep the others from theirs.
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
    match (attributes.is_null(), usize::try_from(count)) {
        (_, Ok(0)) => Ok(&[]),
        (true, _) => Err(bad("the list of attributes is NULL but has a length")),
        // SAFETY: promised by the caller.
        (false, Ok(count)) if count <= MOST => Ok(unsafe { std::slice::from_raw_parts(attributes, count) }),
        _ => Err(bad("the list of attributes is too long")),
    }
}
