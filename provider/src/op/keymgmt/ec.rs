//! Elliptic-curve keys.

use std::ffi::CStr;

use super::KeyType;
use super::generation::generation_list;
use crate::ffi::op::keymgmt::OperationId;
use crate::ffi::params::{Descriptor, Descriptors, Kind as Type};
use crate::key::Kind;

/// EC keys, for ECDSA and ECDH.
pub(crate) struct Ec;

impl KeyType for Ec {
    const KIND: Kind = Kind::Ec;

    const EXCHANGEABLE: &'static Descriptors = &EXCHANGEABLE;
    const GETTABLE: &'static Descriptors = &GETTABLE;
    const SETTABLE: &'static Descriptors = &SETTABLE;
    const GENERATION: &'static Descriptors = &GENERATION;

    fn operation_name(operation: OperationId) -> Option<&'static CStr> {
        match operation {
            OperationId::Signature => Some(c"TPM2-ECDSA"),
            OperationId::KeyExchange => Some(c"TPM2-ECDH"),
            OperationId::AsymCipher => None,
        }
    }
}

/// What EVP_PKEY-EC(7) calls common EC parameters, and the two halves.
static EXCHANGEABLE: Descriptors = Descriptors::new(&[
    Descriptor::new(c"group", Type::Text),
    Descriptor::new(c"encoding", Type::Text),
    Descriptor::new(c"point-format", Type::Text),
    Descriptor::new(c"group-check", Type::Text),
    Descriptor::new(c"field-type", Type::Text),
    Descriptor::new(c"p", Type::Unsigned),
    Descriptor::new(c"a", Type::Unsigned),
    Descriptor::new(c"b", Type::Unsigned),
    Descriptor::new(c"generator", Type::Octets),
    Descriptor::new(c"order", Type::Unsigned),
    Descriptor::new(c"cofactor", Type::Unsigned),
    Descriptor::new(c"seed", Type::Octets),
    Descriptor::new(c"pub", Type::Octets),
    Descriptor::new(c"priv", Type::Unsigned),
    Descriptor::new(c"use-cofactor-flag", Type::Integer),
    Descriptor::new(c"include-public", Type::Integer),
    Descriptor::END,
]);

static GETTABLE: Descriptors = Descriptors::new(&[
    Descriptor::new(c"bits", Type::Integer),
    Descriptor::new(c"security-bits", Type::Integer),
    Descriptor::new(c"max-size", Type::Integer),
    Descriptor::new(c"default-digest", Type::Text),
    Descriptor::new(c"mandatory-digest", Type::Text),
    Descriptor::new(c"encoded-pub-key", Type::Octets),
    Descriptor::new(c"group", Type::Text),
    Descriptor::new(c"decoded-from-explicit", Type::Integer),
    Descriptor::new(c"encoding", Type::Text),
    Descriptor::new(c"point-format", Type::Text),
    Descriptor::new(c"field-type", Type::Text),
    Descriptor::new(c"p", Type::Unsigned),
    Descriptor::new(c"a", Type::Unsigned),
    Descriptor::new(c"b", Type::Unsigned),
    Descriptor::new(c"generator", Type::Octets),
    Descriptor::new(c"order", Type::Unsigned),
    Descriptor::new(c"cofactor", Type::Unsigned),
    Descriptor::new(c"seed", Type::Octets),
    Descriptor::new(c"pub", Type::Octets),
    Descriptor::new(c"qx", Type::Unsigned),
    Descriptor::new(c"qy", Type::Unsigned),
    Descriptor::new(c"priv", Type::Unsigned),
    Descriptor::new(c"use-cofactor-flag", Type::Integer),
    Descriptor::new(c"include-public", Type::Integer),
    Descriptor::END,
]);

static SETTABLE: Descriptors = Descriptors::new(&[
    Descriptor::new(c"encoded-pub-key", Type::Octets),
    Descriptor::new(c"point-format", Type::Text),
    Descriptor::new(c"encoding", Type::Text),
    Descriptor::new(c"seed", Type::Octets),
    Descriptor::new(c"include-public", Type::Integer),
    Descriptor::new(c"group-check", Type::Text),
    Descriptor::new(c"use-cofactor-flag", Type::Integer),
    Descriptor::END,
]);

generation_list! {
    GENERATION:
    c"group": Text,
    c"ec_paramgen_curve": Text,
    c"ec_param_enc": Text,
    c"use-cofactor-flag": Integer,
    c"encoding": Text,
    c"point-format": Text,
    c"field-type": Text,
    c"p": Unsigned,
    c"a": Unsigned,
    c"b": Unsigned,
    c"generator": Octets,
    c"order": Unsigned,
    c"cofactor": Unsigned,
    c"seed": Octets,
}
