//! Conversion of C arguments: each group of arguments is defined once here.

use std::ffi::c_void;

use cryptoki_sys::*;

use super::output::{Area, Items, Output, Slot};
use super::template::{Answers, Template};
use crate::error::{Error, Result};

/// A group of C arguments.
pub(super) trait Argument {
    /// The safe type.
    type Converted<'a>;

    /// Converts the arguments.
    ///
    /// # Safety
    /// The shared promise of `ffi`; what is pointed to lives for `'a`.
    unsafe fn convert<'a>(self) -> Result<Self::Converted<'a>>;
}

/// Input bytes.
pub(super) struct Bytes(pub(super) *mut CK_BYTE, pub(super) CK_ULONG);
/// Input bytes that may be absent: NULL is `None`.
pub(super) struct OptionalBytes(pub(super) *mut CK_BYTE, pub(super) CK_ULONG);
/// Output bytes, with the size protocol of PKCS#11 §5.2.
pub(super) struct Buffer(pub(super) *mut CK_BYTE, pub(super) *mut CK_ULONG);
/// A buffer of the given size that is filled completely.
pub(super) struct Fill(pub(super) *mut CK_BYTE, pub(super) CK_ULONG);
/// The place for one value.
pub(super) struct Out<T>(pub(super) *mut T);
/// Places for several values, with the protocol of [`Buffer`].
pub(super) struct List<T>(pub(super) *mut T, pub(super) *mut CK_ULONG);
/// Places for at most so many values, and the place for their number.
pub(super) struct AtMost<T>(pub(super) *mut T, pub(super) CK_ULONG, pub(super) *mut CK_ULONG);
/// Attributes with their values.
pub(super) struct Attributes(pub(super) *mut CK_ATTRIBUTE, pub(super) CK_ULONG);
/// Attributes whose values the caller asks for.
pub(super) struct Asked(pub(super) *mut CK_ATTRIBUTE, pub(super) CK_ULONG);
/// A mechanism, or NULL.
pub(super) struct Mechanism(pub(super) *mut CK_MECHANISM);
/// The arguments of C_Initialize, or NULL.
pub(super) struct InitializeArgs(pub(super) *mut c_void);

/// A mechanism and the bytes of its parameter.
#[derive(Clone, Copy)]
pub(crate) struct MechanismArgument<'a> {
    pub(crate) mechanism: CK_MECHANISM_TYPE,
    parameter: *const c_void,
    length: usize,
    lifetime: std::marker::PhantomData<&'a [u8]>,
}

impl<'a> MechanismArgument<'a> {
    /// Returns true if there is no parameter.
    pub(crate) fn is_bare(&self) -> bool {
        self.length == 0
    }

    /// Returns the parameter if it is as long as `T`.
    ///
    /// # Errors
    /// CKR_MECHANISM_PARAM_INVALID
    fn structure<T: Copy>(&self) -> Result<T> {
        if self.parameter.is_null() || self.length != size_of::<T>() {
            return Err(parameter("the parameter of the mechanism has another size"));
        }
        // SAFETY: the shared promise of `ffi`; T is a structure of PKCS#11, which has no invalid values. The caller may not align it.
        Ok(unsafe { self.parameter.cast::<T>().read_unaligned() })
    }

    /// Returns the parameter of PSS.
    ///
    /// # Errors
    /// CKR_MECHANISM_PARAM_INVALID
    pub(crate) fn pss(&self) -> Result<CK_RSA_PKCS_PSS_PARAMS> {
        self.structure()
    }

    /// Returns the parameter of OAEP, and its label.
    ///
    /// # Errors
    /// CKR_MECHANISM_PARAM_INVALID
    pub(crate) fn oaep(&self) -> Result<(CK_RSA_PKCS_OAEP_PARAMS, &'a [u8])> {
        let params = self.structure::<CK_RSA_PKCS_OAEP_PARAMS>()?;
        // SAFETY: the shared promise of `ffi`.
        let label = unsafe { slice(params.pSourceData.cast(), params.ulSourceDataLen) };
        Ok((params, label.map_err(|_| parameter("the label of OAEP is NULL but has a length"))?))
    }

    /// Returns the KDF of ECDH1_DERIVE, its shared data, and the peer's public data.
    ///
    /// # Errors
    /// CKR_MECHANISM_PARAM_INVALID
    pub(crate) fn ecdh1(&self) -> Result<(CK_EC_KDF_TYPE, &'a [u8], &'a [u8])> {
        let params = self.structure::<CK_ECDH1_DERIVE_PARAMS>()?;
        // SAFETY: the shared promise of `ffi`.
        let shared = unsafe { slice(params.pSharedData, params.ulSharedDataLen) };
        // SAFETY: as above.
        let public = unsafe { slice(params.pPublicData, params.ulPublicDataLen) };
        let invalid = |_| parameter("the data of ECDH is NULL but has a length");
        Ok((params.kdf, shared.map_err(invalid)?, public.map_err(invalid)?))
    }
}

fn parameter(text: &'static str) -> Error {
    Error::new(CKR_MECHANISM_PARAM_INVALID, text)
}

/// # Safety
/// `pointer` is NULL or valid for `length` bytes during `'a`.
pub(super) unsafe fn slice<'a>(pointer: *const CK_BYTE, length: CK_ULONG) -> Result<&'a [u8]> {
    let length = usize::try_from(length).map_err(|_| bad("a length is larger than the memory"))?;
    match (pointer.is_null(), length) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(bad("the input is NULL but has a length")),
        (false, _) if isize::try_from(length).is_err() => Err(bad("a length is larger than the memory")),
        // SAFETY: promised by the caller.
        (false, _) => Ok(unsafe { std::slice::from_raw_parts(pointer, length) }),
    }
}

pub(super) fn bad(text: &'static str) -> Error {
    Error::new(CKR_ARGUMENTS_BAD, text)
}

impl Argument for CK_ULONG {
    type Converted<'a> = CK_ULONG;
    unsafe fn convert<'a>(self) -> Result<Self::Converted<'a>> {
        Ok(self)
    }
}

impl Argument for () {
    type Converted<'a> = ();
    unsafe fn convert<'a>(self) -> Result<Self::Converted<'a>> {
        Ok(())
    }
}

impl Argument for CK_BBOOL {
    type Converted<'a> = bool;
    unsafe fn convert<'a>(self) -> Result<Self::Converted<'a>> {
        Ok(self != CK_FALSE)
    }
}

impl Argument for Bytes {
    type Converted<'a> = &'a [u8];
    unsafe fn convert<'a>(self) -> Result<&'a [u8]> {
        // SAFETY: promised by the caller.
        unsafe { slice(self.0, self.1) }
    }
}

impl Argument for OptionalBytes {
    type Converted<'a> = Option<&'a [u8]>;
    unsafe fn convert<'a>(self) -> Result<Option<&'a [u8]>> {
        // SAFETY: promised by the caller.
        if self.0.is_null() { Ok(None) } else { unsafe { slice(self.0, self.1) }.map(Some) }
    }
}

impl Argument for Buffer {
    type Converted<'a> = Output<'a>;
    unsafe fn convert<'a>(self) -> Result<Output<'a>> {
        // SAFETY: promised by the caller.
        unsafe { Output::new(self.0, self.1) }
    }
}

impl Argument for Fill {
    type Converted<'a> = Area<'a>;
    unsafe fn convert<'a>(self) -> Result<Area<'a>> {
        // SAFETY: promised by the caller.
        unsafe { Area::new(self.0, self.1) }
    }
}

impl<T: Copy + 'static> Argument for Out<T> {
    type Converted<'a> = Slot<'a, T>;
    unsafe fn convert<'a>(self) -> Result<Self::Converted<'a>> {
        // SAFETY: promised by the caller.
        unsafe { Slot::new(self.0) }
    }
}

impl<T: Copy + 'static> Argument for List<T> {
    type Converted<'a> = Items<'a, T>;
    unsafe fn convert<'a>(self) -> Result<Self::Converted<'a>> {
        // SAFETY: promised by the caller.
        unsafe { Items::new(self.0, self.1) }
    }
}

impl<T: Copy + 'static> Argument for AtMost<T> {
    type Converted<'a> = Items<'a, T>;
    unsafe fn convert<'a>(self) -> Result<Self::Converted<'a>> {
        if self.0.is_null() {
            return Err(bad("the list is NULL"));
        }
        // SAFETY: promised by the caller.
        unsafe { Items::at_most(self.0, self.1, self.2) }
    }
}

impl Argument for Attributes {
    type Converted<'a> = Template<'a>;
    unsafe fn convert<'a>(self) -> Result<Template<'a>> {
        // SAFETY: promised by the caller.
        unsafe { Template::read(self.0, self.1) }
    }
}

impl Argument for Asked {
    type Converted<'a> = Answers<'a>;
    unsafe fn convert<'a>(self) -> Result<Answers<'a>> {
        // SAFETY: promised by the caller.
        unsafe { Answers::new(self.0, self.1) }
    }
}

impl Argument for Mechanism {
    type Converted<'a> = Option<MechanismArgument<'a>>;
    unsafe fn convert<'a>(self) -> Result<Option<MechanismArgument<'a>>> {
        if self.0.is_null() {
            return Ok(None);
        }
        // SAFETY: not NULL, promised by the caller.
        let mechanism = unsafe { self.0.read_unaligned() };
        Ok(Some(MechanismArgument {
            mechanism: mechanism.mechanism,
            parameter: mechanism.pParameter,
            length: usize::try_from(mechanism.ulParameterLen)
                .map_err(|_| bad("a length is larger than the memory"))?,
            lifetime: std::marker::PhantomData,
        }))
    }
}

impl Argument for InitializeArgs {
    type Converted<'a> = Option<CK_C_INITIALIZE_ARGS>;
    unsafe fn convert<'a>(self) -> Result<Self::Converted<'a>> {
        // SAFETY: not NULL, promised by the caller.
        Ok((!self.0.is_null()).then(|| unsafe { self.0.cast::<CK_C_INITIALIZE_ARGS>().read_unaligned() }))
    }
}

macro_rules! tuples {
    ($($($name:ident)+;)*) => {
        $(
            impl<$($name: Argument),+> Argument for ($($name,)+) {
                type Converted<'a> = ($($name::Converted<'a>,)+);
                #[allow(non_snake_case, reason = "the letters of the types")]
                unsafe fn convert<'a>(self) -> Result<Self::Converted<'a>> {
                    let ($($name,)+) = self;
                    Ok(($(
                        // SAFETY: promised by the caller.
                        unsafe { $name.convert() }?,
                    )+))
                }
            }
        )*
    };
}

tuples! {
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
}
