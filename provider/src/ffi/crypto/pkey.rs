//! Keys of the private context: the public half of a TPM key, or a whole software key.

use std::ffi::{CStr, CString, c_long};
use std::ptr;
use std::sync::Arc;

use super::owned::Owned;
use super::queue::succeed;
use super::{PrivateContext, Refused, Selection};
use crate::ffi::libcrypto::Libcrypto;
use crate::ffi::params::{ParamList, Params, ParamsMut};
#[cfg(test)]
use crate::ffi::sys::OSSL_PARAM;
use crate::ffi::sys::{EVP_PKEY, EVP_PKEY_CTX};

/// A key of the private context. A clone is the same key.
pub(crate) struct Pkey {
    key: Owned<EVP_PKEY>,
    context: Arc<PrivateContext>,
}

/// What an RSA-PSS key restricts its signatures to (RFC 4055 §3.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Restrictions {
    /// The digest, of the message and of MGF1.
    pub(crate) digest: &'static str,
    /// The shortest salt, which is also the one that OpenSSL expects when nobody names another.
    pub(crate) salt: i32,
}

impl Pkey {
    /// Imports a key of this algorithm (`RSA`, `EC`) from parameters EVP_PKEY_fromdata(3ossl)).
    ///
    /// # Errors
    /// The parameters make no key.
    pub(crate) fn from_params(
        context: &Arc<PrivateContext>,
        algorithm: &CStr,
        selection: Selection,
        params: Params<'_>,
    ) -> Result<Self, Refused> {
        let ctx = new_ctx_by_name(context, algorithm)?;
        // SAFETY: the context is alive.
        succeed(unsafe { (context.libcrypto().EVP_PKEY_fromdata_init)(ctx.as_ptr()) }, "begin an import")?;
        let mut key = ptr::null_mut();
        // SAFETY: the array is valid by `Params`; libcrypto does not change it (the missing const is the API's).
        let result = unsafe {
            (context.libcrypto().EVP_PKEY_fromdata)(
                ctx.as_ptr(),
                &raw mut key,
                selection.0,
                params.as_ptr().cast_mut(),
            )
        };
        succeed(result, "import the key")?;
        Self::own(context, key, "import the key")
    }

    /// A public RSA key of modulus and exponent, most significant byte first; of type RSA-PSS with its restrictions.
    ///
    /// # Errors
    /// The numbers make no key.
    pub(crate) fn public_rsa(
        context: &Arc<PrivateContext>,
        algorithm: &CStr,
        n: &[u8],
        e: &[u8],
        pss: Option<Restrictions>,
    ) -> Result<Self, Refused> {
        let mut params = ParamList::new();
        params.unsigned(c"n", n).unsigned(c"e", e);
        if let Some(Restrictions { digest, salt }) = pss {
            params.text(c"digest", digest).text(c"mgf1-digest", digest).int(c"saltlen", salt);
        }
        Self::from_params(context, algorithm, Selection::PUBLIC, params.as_params())
    }

    /// A public EC key of a named curve and an encoded point (SEC 1 §2.3.3), which is checked to be on the curve.
    ///
    /// # Errors
    /// The curve is unknown, or the point is not on it.
    pub(crate) fn public_ec(
        context: &Arc<PrivateContext>,
        group: &str,
        point: &[u8],
    ) -> Result<Self, Refused> {
        let mut params = ParamList::new();
        params.text(c"group", group).bytes(c"pub", point);
        Self::from_params(context, c"EC", Selection::PUBLIC, params.as_params())
    }

    /// A public key of any type (SubjectPublicKeyInfo).
    ///
    /// # Errors
    /// It is none, or of a type that OpenSSL lacks.
    pub(crate) fn public_from_der(context: &Arc<PrivateContext>, der: &[u8]) -> Result<Self, Refused> {
        const WHAT: &str = "read the public key";
        let length = c_long::try_from(der.len()).map_err(|_| Refused(WHAT))?;
        let mut bytes = der.as_ptr();
        // SAFETY: so many bytes are there, the context is alive; the answer is ours.
        let key = unsafe {
            (context.libcrypto().d2i_PUBKEY_ex)(
                ptr::null_mut(),
                &raw mut bytes,
                length,
                context.as_ptr(),
                ptr::null(),
            )
        };
        Self::own(context, key, WHAT)
    }

    /// Whether it is of this type.
    pub(crate) fn is_a(&self, algorithm: &CStr) -> bool {
        // SAFETY: key and name are alive.
        unsafe { (self.libcrypto().EVP_PKEY_is_a)(self.as_ptr(), algorithm.as_ptr()) == 1 }
    }

    /// The size of the modulus or of the order in bits.
    pub(crate) fn bits(&self) -> i32 {
        // SAFETY: the key is alive.
        unsafe { (self.libcrypto().EVP_PKEY_get_bits)(self.as_ptr()) }
    }

    /// The largest result of an operation in bytes.
    pub(crate) fn size(&self) -> usize {
        // SAFETY: the key is alive.
        let size = unsafe { (self.libcrypto().EVP_PKEY_get_size)(self.as_ptr()) };
        usize::try_from(size).unwrap_or_default()
    }

    /// Whether both have the same public half.
    pub(crate) fn public_eq(&self, other: &Self) -> bool {
        // SAFETY: both keys are alive.
        self.quietly(|| unsafe { (self.libcrypto().EVP_PKEY_eq)(self.as_ptr(), other.as_ptr()) }) == 1
    }

    /// Whether both have the same parameters (the curve).
    pub(crate) fn parameters_eq(&self, other: &Self) -> bool {
        // SAFETY: both keys are alive.
        self.libcrypto()
            .quietly(|| unsafe { (self.libcrypto().EVP_PKEY_parameters_eq)(self.as_ptr(), other.as_ptr()) })
            == 1
    }

    /// Lets the key answer a caller's array.
    ///
    /// # Errors
    /// An element does not fit.
    pub(crate) fn answer(&self, params: &mut ParamsMut<'_>) -> Result<(), Refused> {
        // SAFETY: the key is alive, the array valid by `ParamsMut`.
        let result = unsafe { (self.libcrypto().EVP_PKEY_get_params)(self.as_ptr(), params.as_ptr()) };
        succeed(result, "answer a parameter of the key")
    }

    /// Sets parameters of the key (`encoded-pub-key`, `point-format`).
    ///
    /// # Errors
    /// The key refuses one.
    pub(crate) fn set_params(&self, params: Params<'_>) -> Result<(), Refused> {
        // SAFETY: the key is alive, the array valid by `Params` and not changed (the missing const is the API's).
        let result =
            unsafe { (self.libcrypto().EVP_PKEY_set_params)(self.as_ptr(), params.as_ptr().cast_mut()) };
        succeed(result, "set a parameter of the key")
    }

    /// The point of an EC key (SEC 1 §2.3.3), `None` for other keys. libcrypto computes it for each question: so its size is not asked for.
    pub(crate) fn encoded_point(&self) -> Option<Vec<u8>> {
        // OpenSSL's fields have at most 661 bits (OPENSSL_ECC_MAX_FIELD_BITS); 3.0 writes past a buffer that is too short.
        let mut bytes = vec![0; 1 + 2 * 83];
        let mut length = 0;
        self.quietly(|| {
            // SAFETY: the key is alive, and the buffer has the length that is told.
            let told = unsafe {
                (self.libcrypto().EVP_PKEY_get_octet_string_param)(
                    self.as_ptr(),
                    c"encoded-pub-key".as_ptr(),
                    bytes.as_mut_ptr(),
                    bytes.len(),
                    &raw mut length,
                )
            };
            bytes.truncate(length);
            (told == 1).then_some(bytes)
        })
    }

    /// A number, most significant byte first, `None` when the key has none of this name.
    #[cfg(test)]
    pub(crate) fn unsigned(&self, name: &'static CStr) -> Option<Vec<u8>> {
        // Room for 16,384 bits, the largest modulus that OpenSSL takes.
        let mut bytes = vec![0_u8; 2048];
        let end = OSSL_PARAM {
            key: ptr::null(),
            data_type: 0,
            data: ptr::null_mut(),
            data_size: 0,
            return_size: 0,
        };
        let data = bytes.as_mut_ptr().cast();
        let element = OSSL_PARAM {
            key: name.as_ptr(),
            data_type: crate::ffi::params::Kind::Unsigned.number(),
            data,
            data_size: bytes.len(),
            return_size: usize::MAX,
        };
        let mut array = [element, end];
        // SAFETY: the array ends with a NULL key and points to a buffer that outlives it.
        let mut params = unsafe { ParamsMut::from_ptr(array.as_mut_ptr()) };
        self.quietly(|| self.answer(&mut params)).ok()?;
        if array.first()?.return_size == usize::MAX {
            return None;
        }
        if cfg!(target_endian = "little") {
            bytes.reverse();
        }
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Some(bytes.split_off(zeros))
    }

    /// A text parameter, `None` when the key has none of this name.
    pub(crate) fn text(&self, name: &CStr) -> Option<String> {
        self.quietly(|| {
            let mut bytes = vec![0_u8; 256];
            let mut length = 0;
            let room = bytes.len();
            // SAFETY: key and name are alive, the buffer has the length that is told.
            let told = unsafe {
                (self.libcrypto().EVP_PKEY_get_utf8_string_param)(
                    self.as_ptr(),
                    name.as_ptr(),
                    bytes.as_mut_ptr().cast(),
                    room,
                    &raw mut length,
                )
            };
            bytes.truncate(length);
            (told == 1).then(|| String::from_utf8(bytes).ok())?
        })
    }

    /// A second key with the same contents, which may be changed by itself.
    ///
    /// # Errors
    /// libcrypto is out of memory.
    pub(crate) fn duplicate(&self) -> Result<Self, Refused> {
        // SAFETY: the key is alive; the answer is ours.
        let key = unsafe { (self.libcrypto().EVP_PKEY_dup)(self.as_ptr()) };
        Self::own(&self.context, key, "duplicate the key")
    }

    /// The context that it lives in.
    pub(crate) const fn context(&self) -> &Arc<PrivateContext> {
        &self.context
    }

    /// The libcrypto that it lives in.
    pub(crate) fn libcrypto(&self) -> &Libcrypto {
        self.context.libcrypto()
    }

    /// Runs a trial with the key whose failure is no error.
    pub(crate) fn quietly<T>(&self, trial: impl FnOnce() -> T) -> T {
        self.libcrypto().quietly(trial)
    }

    /// The pointer for libcrypto.
    pub(in crate::ffi) fn as_ptr(&self) -> *mut EVP_PKEY {
        self.key.as_ptr()
    }

    /// Takes over a key that the context's libcrypto just made.
    pub(super) fn own(
        context: &Arc<PrivateContext>,
        key: *mut EVP_PKEY,
        what: &'static str,
    ) -> Result<Self, Refused> {
        // SAFETY: NULL, or ours by the contract of this function.
        let key = unsafe { Owned::new(key, context.libcrypto().EVP_PKEY_free, what) }?;
        Ok(Self { key, context: Arc::clone(context) })
    }
}

impl Clone for Pkey {
    fn clone(&self) -> Self {
        // SAFETY: the key is alive; counting cannot fail.
        unsafe { (self.libcrypto().EVP_PKEY_up_ref)(self.as_ptr()) };
        // SAFETY: it was just counted.
        let key = unsafe { self.key.counted() };
        Self { key, context: Arc::clone(&self.context) }
    }
}

/// An EVP_PKEY_CTX for an algorithm.
pub(super) fn new_ctx_by_name(
    context: &Arc<PrivateContext>,
    algorithm: &CStr,
) -> Result<Owned<EVP_PKEY_CTX>, Refused> {
    let libcrypto = context.libcrypto();
    // SAFETY: context and name are alive; NULL properties are allowed.
    let ctx =
        unsafe { (libcrypto.EVP_PKEY_CTX_new_from_name)(context.as_ptr(), algorithm.as_ptr(), ptr::null()) };
    own_ctx(libcrypto, ctx)
}

/// An EVP_PKEY_CTX for a key.
pub(super) fn new_ctx(key: &Pkey) -> Result<Owned<EVP_PKEY_CTX>, Refused> {
    let (libcrypto, context) = (key.libcrypto(), key.context.as_ptr());
    // SAFETY: context and key are alive; NULL properties are allowed. The new context counts the key.
    let ctx = unsafe { (libcrypto.EVP_PKEY_CTX_new_from_pkey)(context, key.as_ptr(), ptr::null()) };
    own_ctx(libcrypto, ctx)
}

/// Takes over an EVP_PKEY_CTX that this libcrypto just made.
pub(super) fn own_ctx(libcrypto: &Libcrypto, ctx: *mut EVP_PKEY_CTX) -> Result<Owned<EVP_PKEY_CTX>, Refused> {
    // SAFETY: NULL, or ours by the contract of this function.
    unsafe { Owned::new(ctx, libcrypto.EVP_PKEY_CTX_free, "make a key context") }
}

/// A name that libcrypto takes as a C string.
pub(super) fn c_name(name: &str) -> Result<CString, Refused> {
    CString::new(name).map_err(|_| Refused("take a name with a NUL in it"))
}
