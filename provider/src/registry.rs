//! THE table: every algorithm row of every operation.
//!
//! Names: keymgmt rows carry all names and OIDs of their type, so that libcrypto finds our keys by them. Operation rows have
//! names of our own, which keymgmt's query_operation_name answers: nothing foreign ever fetches them, and no other provider is
//! tried with our keys.

use std::ffi::{CStr, c_int};
use std::ptr;

use crate::ffi::op::{asym_cipher, keyexch, signature};
use crate::ffi::sys::{self, OSSL_ALGORITHM, OSSL_DISPATCH};
use crate::op::asym_cipher::RsaCipher;
use crate::op::keyexch::Ecdh;
use crate::op::signature::{Ecdsa, Rsa, SignatureContext};

/// The rows of an operation, ended by a row of nulls.
pub(crate) fn rows(operation: c_int) -> Option<&'static [OSSL_ALGORITHM]> {
    match operation {
        sys::OSSL_OP_DECODER => Some(DECODERS),
        sys::OSSL_OP_ENCODER => Some(ENCODERS),
        sys::OSSL_OP_KEYMGMT => Some(KEY_MANAGEMENT),
        sys::OSSL_OP_SIGNATURE => Some(SIGNATURES),
        sys::OSSL_OP_ASYM_CIPHER => Some(ASYM_CIPHERS),
        sys::OSSL_OP_KEYEXCH => Some(KEY_EXCHANGES),
        _ => None,
    }
}

static DECODERS: &[OSSL_ALGORITHM] = &[END];
static ENCODERS: &[OSSL_ALGORITHM] = &[END];
static KEY_MANAGEMENT: &[OSSL_ALGORITHM] = &[END];
static SIGNATURES: &[OSSL_ALGORITHM] = &[
    row(
        c"TPM2-RSA",
        c"provider=tpm2",
        signature::Table::<SignatureContext<Rsa>>::ROWS,
        c"RSA signatures of keys in the TPM",
    ),
    row(
        c"TPM2-ECDSA",
        c"provider=tpm2",
        signature::Table::<SignatureContext<Ecdsa>>::ROWS,
        c"ECDSA signatures of keys in the TPM",
    ),
    END,
];
static ASYM_CIPHERS: &[OSSL_ALGORITHM] = &[
    row(
        c"TPM2-RSA",
        c"provider=tpm2",
        asym_cipher::Table::<RsaCipher>::ROWS,
        c"RSA decryption with keys in the TPM",
    ),
    END,
];
static KEY_EXCHANGES: &[OSSL_ALGORITHM] =
    &[row(c"TPM2-ECDH", c"provider=tpm2", keyexch::Table::<Ecdh>::ROWS, c"ECDH with keys in the TPM"), END];

/// One row: names (separated by colons), property definition, function table, description.
#[allow(dead_code, reason = "until the first row")]
const fn row(
    names: &'static CStr,
    properties: &'static CStr,
    functions: &'static [OSSL_DISPATCH],
    description: &'static CStr,
) -> OSSL_ALGORITHM {
    OSSL_ALGORITHM {
        algorithm_names: names.as_ptr(),
        property_definition: properties.as_ptr(),
        implementation: functions.as_ptr(),
        algorithm_description: description.as_ptr(),
    }
}

const END: OSSL_ALGORITHM = OSSL_ALGORITHM {
    algorithm_names: ptr::null(),
    property_definition: ptr::null(),
    implementation: ptr::null(),
    algorithm_description: ptr::null(),
};
