//! RSA keys, and RSA keys restricted to PSS.

use std::ffi::CStr;

use super::KeyType;
use super::generation::generation_list;
use crate::ffi::crypto::Selection;
use crate::ffi::op::keymgmt::OperationId;
use crate::ffi::params::{Descriptor, Descriptors, Kind as Type, joined};
use crate::key::Kind;

/// RSA keys.
pub(crate) struct Rsa;
/// RSA keys that sign with PSS only.
pub(crate) struct RsaPss;

impl KeyType for Rsa {
    const KIND: Kind = Kind::Rsa;
    const HAS_PARAMETERS: bool = false;
    const GETTABLE: &'static Descriptors = &GETTABLE;
    const SETTABLE: &'static Descriptors = &NONE;
    const GENERATION: &'static Descriptors = &GENERATION;

    fn types(selection: Selection) -> Option<&'static Descriptors> {
        types(selection)
    }

    fn operation_name(operation: OperationId) -> Option<&'static CStr> {
        match operation {
            OperationId::Signature | OperationId::AsymCipher => Some(c"TPM2-RSA"),
            OperationId::KeyExchange => None,
        }
    }
}

impl KeyType for RsaPss {
    const KIND: Kind = Kind::RsaPss;
    const HAS_PARAMETERS: bool = false;
    const GETTABLE: &'static Descriptors = &GETTABLE;
    const SETTABLE: &'static Descriptors = &NONE;
    const GENERATION: &'static Descriptors = &PSS_GENERATION;

    fn types(selection: Selection) -> Option<&'static Descriptors> {
        types(selection)
    }

    fn operation_name(operation: OperationId) -> Option<&'static CStr> {
        match operation {
            OperationId::Signature => Some(c"TPM2-RSA"),
            OperationId::AsymCipher | OperationId::KeyExchange => None,
        }
    }
}

static NONE: Descriptors = Descriptors::new(&[Descriptor::END]);

/// The common and private RSA parameters of EVP_PKEY-RSA(7).
const NUMBERS: &[Descriptor] = &[
    Descriptor::new(c"n", Type::Unsigned),
    Descriptor::new(c"e", Type::Unsigned),
    Descriptor::new(c"d", Type::Unsigned),
    Descriptor::new(c"rsa-factor1", Type::Unsigned),
    Descriptor::new(c"rsa-factor2", Type::Unsigned),
    Descriptor::new(c"rsa-factor3", Type::Unsigned),
    Descriptor::new(c"rsa-factor4", Type::Unsigned),
    Descriptor::new(c"rsa-factor5", Type::Unsigned),
    Descriptor::new(c"rsa-factor6", Type::Unsigned),
    Descriptor::new(c"rsa-factor7", Type::Unsigned),
    Descriptor::new(c"rsa-factor8", Type::Unsigned),
    Descriptor::new(c"rsa-factor9", Type::Unsigned),
    Descriptor::new(c"rsa-factor10", Type::Unsigned),
    Descriptor::new(c"rsa-exponent1", Type::Unsigned),
    Descriptor::new(c"rsa-exponent2", Type::Unsigned),
    Descriptor::new(c"rsa-exponent3", Type::Unsigned),
    Descriptor::new(c"rsa-exponent4", Type::Unsigned),
    Descriptor::new(c"rsa-exponent5", Type::Unsigned),
    Descriptor::new(c"rsa-exponent6", Type::Unsigned),
    Descriptor::new(c"rsa-exponent7", Type::Unsigned),
    Descriptor::new(c"rsa-exponent8", Type::Unsigned),
    Descriptor::new(c"rsa-exponent9", Type::Unsigned),
    Descriptor::new(c"rsa-exponent10", Type::Unsigned),
    Descriptor::new(c"rsa-coefficient1", Type::Unsigned),
    Descriptor::new(c"rsa-coefficient2", Type::Unsigned),
    Descriptor::new(c"rsa-coefficient3", Type::Unsigned),
    Descriptor::new(c"rsa-coefficient4", Type::Unsigned),
    Descriptor::new(c"rsa-coefficient5", Type::Unsigned),
    Descriptor::new(c"rsa-coefficient6", Type::Unsigned),
    Descriptor::new(c"rsa-coefficient7", Type::Unsigned),
    Descriptor::new(c"rsa-coefficient8", Type::Unsigned),
    Descriptor::new(c"rsa-coefficient9", Type::Unsigned),
];

static TYPES: Descriptors = Descriptors::new(&{
    const LIST: [Descriptor; 33] = joined(&[NUMBERS]);
    LIST
});

static GETTABLE: Descriptors = Descriptors::new(&{
    const LIST: [Descriptor; 38] = joined(&[
        &[
            Descriptor::new(c"bits", Type::Integer),
            Descriptor::new(c"security-bits", Type::Integer),
            Descriptor::new(c"security-category", Type::Integer),
            Descriptor::new(c"max-size", Type::Integer),
            Descriptor::new(c"default-digest", Type::Text),
        ],
        NUMBERS,
    ]);
    LIST
});

/// The parameters of an RSA key cannot make a key alone.
fn types(selection: Selection) -> Option<&'static Descriptors> {
    selection.any(Selection::KEYS).then_some(&TYPES)
}

generation_list! {
    GENERATION:
    c"bits": Unsigned,
    c"primes": Unsigned,
    c"e": Unsigned,
    c"digest": Text,
    c"rsa_keygen_bits": Unsigned,
    c"rsa_keygen_primes": Unsigned,
    c"rsa_keygen_pubexp": Unsigned,
}

generation_list! {
    PSS_GENERATION:
    c"bits": Unsigned,
    c"primes": Unsigned,
    c"e": Unsigned,
    c"digest": Text,
    c"properties": Text,
    c"mgf1-digest": Text,
    c"saltlen": Integer,
    c"rsa_keygen_bits": Unsigned,
    c"rsa_keygen_primes": Unsigned,
    c"rsa_keygen_pubexp": Unsigned,
    c"rsa_pss_keygen_md": Text,
    c"rsa_pss_keygen_mgf1_md": Text,
    c"rsa_pss_keygen_saltlen": Integer,
}
