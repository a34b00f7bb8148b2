//! Attributes of a certificate (PKCS#11 3.0 §4.6).

use cryptoki_sys::*;
use tokens::Certificate;

use super::value::{Found, bytes, empty, flag, number};
use crate::slot::Slot;

/// CK_CERTIFICATE_CATEGORY_TOKEN_USER: the token has its key.
const USER: CK_ULONG = 1;
/// CK_CERTIFICATE_CATEGORY_UNSPECIFIED
const UNSPECIFIED: CK_ULONG = 0;

pub(super) fn attribute(certificate: &Certificate, slot: &Slot, attribute: CK_ATTRIBUTE_TYPE) -> Found {
    match attribute {
        CKA_CLASS => number(CKO_CERTIFICATE),
        CKA_TOKEN => flag(true),
        CKA_PRIVATE | CKA_TRUSTED | CKA_COPYABLE => flag(false),
        CKA_MODIFIABLE | CKA_DESTROYABLE => flag(slot.token().writable()),
        CKA_LABEL => bytes(certificate.label().as_bytes()),
        CKA_CERTIFICATE_TYPE => number(CKC_X_509),
        CKA_CERTIFICATE_CATEGORY => number(if certificate.has_key() { USER } else { UNSPECIFIED }),
        CKA_ID => bytes(certificate.id()),
        CKA_SUBJECT => bytes(certificate.subject()),
        CKA_ISSUER => bytes(certificate.issuer()),
        CKA_SERIAL_NUMBER => bytes(certificate.serial()),
        CKA_VALUE => bytes(certificate.der()),
        CKA_PUBLIC_KEY_INFO => bytes(certificate.spki()),
        CKA_START_DATE
        | CKA_END_DATE
        | CKA_URL
        | CKA_HASH_OF_SUBJECT_PUBLIC_KEY
        | CKA_HASH_OF_ISSUER_PUBLIC_KEY => empty(),
        CKA_JAVA_MIDP_SECURITY_DOMAIN => number(0),
        _ => Found::Unknown,
    }
}
