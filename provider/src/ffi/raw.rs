//! Conversion of C arguments: each group of arguments is defined once here.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::Arc;

use super::buffer::Output;
use super::callback::{Callback, PassphraseCallback, Progress};
use super::crypto::Selection;
use super::handle;
use super::params::{Params, ParamsMut};
use super::sys::{OSSL_CALLBACK, OSSL_PARAM, OSSL_PASSPHRASE_CALLBACK};
use crate::error::{Error, Reason, Result};
use crate::key::Key;

/// A group of C arguments.
pub(crate) trait Raw {
    /// The safe type.
    type Converted<'a>;

    /// Converts the arguments.
    ///
    /// # Safety
    /// Pointers are NULL or valid for `'a`, with the given lengths, as the manual page of the called function
    /// describes.
    unsafe fn convert<'a>(self) -> Result<Self::Converted<'a>>;
}

/// Input bytes: pointer and length.
pub(crate) struct RawInput(pub(crate) *const u8, pub(crate) usize);
/// Output bytes: buffer (NULL asks for the size), a pointer for the length, and the size of the buffer.
pub(crate) struct RawOutput(pub(crate) *mut u8, pub(crate) *mut usize, pub(crate) usize);
/// A key of this provider, or NULL.
pub(crate) struct RawKey(pub(crate) *const c_void);
/// OSSL_KEYMGMT_SELECT_*
pub(crate) struct RawSelection(pub(crate) c_int);
/// A callback and its argument.
pub(crate) struct RawCallback(pub(crate) OSSL_CALLBACK, pub(crate) *mut c_void);
/// The callback of a generation, or NULL, and its argument.
pub(crate) struct RawProgress(pub(crate) OSSL_CALLBACK, pub(crate) *mut c_void);
/// A passphrase callback and its argument.
pub(crate) struct RawPassphrase(pub(crate) OSSL_PASSPHRASE_CALLBACK, pub(crate) *mut c_void);

impl Raw for RawInput {
    type Converted<'a> = &'a [u8];
    unsafe fn convert<'a>(self) -> Result<&'a [u8]> {
        let RawInput(pointer, length) = self;
        match (pointer.is_null(), length) {
            (_, 0) => Ok(&[]),
            (true, _) => Err(Error::new(Reason::InvalidArgument, "the input is NULL but has a length")),
            // SAFETY: promised by the caller.
            (false, _) => Ok(unsafe { std::slice::from_raw_parts(pointer, length) }),
        }
    }
}

impl Raw for RawOutput {
    type Converted<'a> = Output<'a>;
    unsafe fn convert<'a>(self) -> Result<Output<'a>> {
        let RawOutput(buffer, length, size) = self;
        // SAFETY: promised by the caller.
        unsafe { Output::new(buffer, length, size) }
    }
}

impl Raw for RawKey {
    type Converted<'a> = Option<&'a Arc<Key>>;
    unsafe fn convert<'a>(self) -> Result<Option<&'a Arc<Key>>> {
        // SAFETY: promised by the caller; keys are made by `handle::give::<Arc<Key>>` only.
        Ok(unsafe { handle::lend::<Arc<Key>>(self.0) })
    }
}

impl Raw for RawSelection {
    type Converted<'a> = Selection;
    unsafe fn convert<'a>(self) -> Result<Self::Converted<'a>> {
        Ok(Selection(self.0))
    }
}

impl Raw for RawCallback {
    type Converted<'a> = Callback<'a>;
    unsafe fn convert<'a>(self) -> Result<Callback<'a>> {
        // SAFETY: promised by the caller.
        unsafe { Callback::new(self.0, self.1) }
    }
}

impl Raw for RawProgress {
    type Converted<'a> = Progress<'a>;
    unsafe fn convert<'a>(self) -> Result<Progress<'a>> {
        // SAFETY: promised by the caller.
        Ok(unsafe { Progress::new(self.0, self.1) })
    }
}

impl Raw for RawPassphrase {
    type Converted<'a> = PassphraseCallback<'a>;
    unsafe fn convert<'a>(self) -> Result<PassphraseCallback<'a>> {
        // SAFETY: promised by the caller.
        Ok(unsafe { PassphraseCallback::new(self.0, self.1) })
    }
}

impl Raw for *const OSSL_PARAM {
    type Converted<'a> = Params<'a>;
    unsafe fn convert<'a>(self) -> Result<Params<'a>> {
        // SAFETY: promised by the caller.
        Ok(unsafe { Params::from_ptr(self) })
    }
}

impl Raw for *mut OSSL_PARAM {
    type Converted<'a> = ParamsMut<'a>;
    unsafe fn convert<'a>(self) -> Result<ParamsMut<'a>> {
        // SAFETY: promised by the caller.
        Ok(unsafe { ParamsMut::from_ptr(self) })
    }
}

/// A pointer that receives the address of bytes.
impl Raw for *mut *mut u8 {
    type Converted<'a> = Option<&'a mut *mut u8>;
    unsafe fn convert<'a>(self) -> Result<Option<&'a mut *mut u8>> {
        // SAFETY: promised by the caller.
        Ok(unsafe { self.as_mut() })
    }
}

impl Raw for *const c_char {
    type Converted<'a> = Option<&'a CStr>;
    unsafe fn convert<'a>(self) -> Result<Option<&'a CStr>> {
        // SAFETY: promised by the caller.
        Ok((!self.is_null()).then(|| unsafe { CStr::from_ptr(self) }))
    }
}

impl Raw for () {
    type Converted<'a> = ();
    unsafe fn convert<'a>(self) -> Result<Self::Converted<'a>> {
        Ok(())
    }
}

/// Several groups in one call.
macro_rules! tuples {
    ($( ($($group:ident),*); )*) => { $(
        impl<$($group: Raw),*> Raw for ($($group,)*) {
            type Converted<'a> = ($($group::Converted<'a>,)*);
            #[allow(non_snake_case, reason = "one variable per type")]
            unsafe fn convert<'a>(self) -> Result<Self::Converted<'a>> {
                let ($($group,)*) = self;
                $(
                    // SAFETY: promised by the caller.
                    let $group = unsafe { $group.convert() }?;
                )*
                Ok(($($group,)*))
            }
        }
    )* };
}

tuples! { (A, B); (A, B, C); (A, B, C, D); }
