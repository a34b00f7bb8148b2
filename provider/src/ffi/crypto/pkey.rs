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

/// A key of the private context. A clone refers to the same key.
pub(crate) struct Pkey {
    key: Owned<EVP_PKEY>,
    context: Arc<PrivateContext>,
}

/// The restrictions of an RSA-PSS key on its signatures (RFC 4055 §3.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Restrictions {
    /// The digest of the message and of MGF1.
    pub(crate) digest: &'static str,
    /// The shortest salt. OpenSSL also expects this length if the caller sets no other.
    pub(crate) salt: i32,
}

impl Pkey {
    /// Imports a key of this algorithm (`RSA`, `EC`) from parameters (EVP_PKEY_fromdata(3ossl)).
    ///
    /// # Errors
    /// The parameters do not give a key.
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
        // SAFETY: the array is valid by `Params`. libcrypto does not change it; the API only lacks the const.
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

    /// Creates a public RSA key from modulus and exponent, most significant byte first. The restrictions make
    /// it an RSA-PSS key.
    ///
    /// # Errors
    /// The numbers do not give a key.
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

    /// Creates a public EC key from a named curve and an encoded point (SEC 1 §2.3.3). The point is checked
    /// to be on the curve.
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

    /// Parses a public key of any type (SubjectPublicKeyInfo).
    ///
    /// # Errors
    /// It is not a public key, or OpenSSL lacks its type.
    pub(crate) fn public_from_der(context: &Arc<PrivateContext>, der: &[u8]) -> Result<Self, Refused> {
        const WHAT: &str = "read the public key";
        let length = c_long::try_from(der.len()).map_err(|_| Refused(WHAT))?;
        let mut bytes = der.as_ptr();
        // SAFETY: the slice has this many bytes, the context is alive; the result is ours.
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

    /// Returns true if the key is of this type.
    pub(crate) fn is_a(&self, algorithm: &CStr) -> bool {
        // SAFETY: key and name are alive.
        unsafe { (self.libcrypto().EVP_PKEY_is_a)(self.as_ptr(), algorithm.as_ptr()) == 1 }
    }

    /// The size in bits of the modulus or of the order.
    pub(crate) fn bits(&self) -> i32 {
        // SAFETY: the key is alive.
        unsafe { (self.libcrypto().EVP_PKEY_get_bits)(self.as_ptr()) }
    }

    /// The largest possible result of an operation, in bytes.
    pub(crate) fn size(&self) -> usize {
        // SAFETY: the key is alive.
        let size = unsafe { (self.libcrypto().EVP_PKEY_get_size)(self.as_ptr()) };
        usize::try_from(size).unwrap_or_default()
    }

    /// Returns true if both keys have the same public half.
    pub(crate) fn public_eq(&self, other: &Self) -> bool {
        // SAFETY: both keys are alive.
        self.quietly(|| unsafe { (self.libcrypto().EVP_PKEY_eq)(self.as_ptr(), other.as_ptr()) }) == 1
    }

    /// Returns true if both keys have the same parameters (the curve).
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
        // SAFETY: the key is alive, the array valid by `Params`. It is not changed; the API only lacks the
        // const.
        let result =
            unsafe { (self.libcrypto().EVP_PKEY_set_params)(self.as_ptr(), params.as_ptr().cast_mut()) };
        succeed(result, "set a parameter of the key")
    }

    /// The point of an EC key (SEC 1 §2.3.3); `None` for other keys. libcrypto computes it for each query, so
    /// there is no separate query for the size.
    pub(crate) fn encoded_point(&self) -> Option<Vec<u8>> {
        // OpenSSL's fields have at most 661 bits (OPENSSL_ECC_MAX_FIELD_BITS). OpenSSL 3.0 writes beyond a
        // buffer that is too short.
        let mut bytes = vec![0; 1 + 2 * 83];
        let mut length = 0;
        self.quietly(|| {
            // SAFETY: the key is alive, and the buffer has the given length.
            let result = unsafe {
                (self.libcrypto().EVP_PKEY_get_octet_string_param)(
                    self.as_ptr(),
                    c"encoded-pub-key".as_ptr(),
                    bytes.as_mut_ptr(),
                    bytes.len(),
                    &raw mut length,
                )
            };
            bytes.truncate(length);
            (result == 1).then_some(bytes)
        })
    }

    /// A number, most significant byte first; `None` if the key has no parameter of this name.
    #[cfg(test)]
    pub(crate) fn unsigned(&self, name: &'static CStr) -> Option<Vec<u8>> {
        // Room for 16,384 bits, the largest modulus that OpenSSL accepts.
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

    /// A text parameter; `None` if the key has no parameter of this name.
    pub(crate) fn text(&self, name: &CStr) -> Option<String> {
        self.quietly(|| {
            let mut bytes = vec![0_u8; 256];
            let mut length = 0;
            let room = bytes.len();
            // SAFETY: key and name are alive, the buffer has the given length.
            let result = unsafe {
                (self.libcrypto().EVP_PKEY_get_utf8_string_param)(
                    self.as_ptr(),
                    name.as_ptr(),
                    bytes.as_mut_ptr().cast(),
                    room,
                    &raw mut length,
                )
            };
            bytes.truncate(length);
            (result == 1).then(|| String::from_utf8(bytes).ok())?
        })
    }

    /// Copies the key. Changes to the copy do not affect the original.
    ///
    /// # Errors
    /// libcrypto is out of memory.
    pub(crate) fn duplicate(&self) -> Result<Self, Refused> {
        // SAFETY: the key is alive; the result is ours.
        let key = unsafe { (self.libcrypto().EVP_PKEY_dup)(self.as_ptr()) };
        Self::own(&self.context, key, "duplicate the key")
    }

    /// The context that the key belongs to.
    pub(crate) const fn context(&self) -> &Arc<PrivateContext> {
        &self.context
    }

    /// The libcrypto that the key belongs to.
    pub(crate) fn libcrypto(&self) -> &Libcrypto {
        self.context.libcrypto()
    }

    /// Runs a trial with the key. Its failure is not an error.
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

/// Creates an EVP_PKEY_CTX for an algorithm.
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

/// Creates an EVP_PKEY_CTX for a key.
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

/// Converts a name to a C string.
pub(super) fn c_name(name: &str) -> Result<CString, Refused> {
    CString::new(name).map_err(|_| Refused("accept a name that contains a NUL"))
}
