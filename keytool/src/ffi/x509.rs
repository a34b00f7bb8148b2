//! Checks of certificates that the crate openssl lacks.

use std::ffi::{c_int, c_void};
use std::ptr::{self, NonNull};

use foreign_types::ForeignTypeRef;
use openssl::error::ErrorStack;
use openssl::x509::{X509Ref, X509VerifyResult};
use openssl_sys::{NID_name_constraints, X509, X509_get_ext_d2i};

unsafe extern "C" {
    fn X509_check_ca(certificate: *mut X509) -> c_int;
    fn X509_check_purpose(certificate: *mut X509, purpose: c_int, ca: c_int) -> c_int;
    fn NAME_CONSTRAINTS_check(certificate: *mut X509, constraints: *mut c_void) -> c_int;
    fn NAME_CONSTRAINTS_free(constraints: *mut c_void);
}

/// Returns true if the certificate may sign certificates: basicConstraints has cA, and keyUsage, if present, has keyCertSign.
pub(crate) fn is_ca(certificate: &X509Ref) -> bool {
    // SAFETY: X509_check_ca(3): a certificate. 1 is a certificate of version 3 with cA; the other numbers are older conventions.
    unsafe { X509_check_ca(certificate.as_ptr()) == 1 }
}

/// The nameConstraints of a CA (RFC 5280 §4.2.1.10).
pub(crate) struct NameConstraints(NonNull<c_void>);

impl NameConstraints {
    /// Returns the constraints of a certificate, if it has any.
    ///
    /// # Errors
    /// They cannot be parsed.
    pub(crate) fn of(ca: &X509Ref) -> Result<Option<Self>, ErrorStack> {
        let mut critical = 0;
        // SAFETY: X509_get_ext_d2i(3): a certificate, and memory for a number; NULL asks for the only extension of this type.
        let found = unsafe {
            X509_get_ext_d2i(ca.as_ptr(), NID_name_constraints, &raw mut critical, ptr::null_mut())
        };
        match NonNull::new(found.cast()) {
            Some(constraints) => Ok(Some(Self(constraints))),
            // -1: the certificate has none.
            None if critical == -1 => Ok(None),
            None => Err(ErrorStack::get()),
        }
    }

    /// Checks the subject and the subjectAltName of a certificate.
    pub(crate) fn check(&self, certificate: &X509Ref) -> X509VerifyResult {
        // NAME_CONSTRAINTS_check sees only extensions that another function has parsed.
        // SAFETY: X509_check_purpose(3): a certificate; -1 only parses its extensions.
        unsafe { X509_check_purpose(certificate.as_ptr(), -1, 0) };
        // SAFETY: a certificate and constraints, which are only read (openssl/x509v3.h).
        let result = unsafe { NAME_CONSTRAINTS_check(certificate.as_ptr(), self.0.as_ptr()) };
        // SAFETY: the function returns one of the codes of X509_verify_cert_error_string(3).
        unsafe { X509VerifyResult::from_raw(result) }
    }
}

impl Drop for NameConstraints {
    fn drop(&mut self) {
        // SAFETY: X509_get_ext_d2i(3): the caller owns what it returned.
        unsafe { NAME_CONSTRAINTS_free(self.0.as_ptr()) };
    }
}
