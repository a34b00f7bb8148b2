//! Elliptic-curve keys.

use std::ffi::CStr;

use super::KeyType;
use super::generation::generation_list;
use crate::ffi::crypto::Selection;
use crate::ffi::op::keymgmt::OperationId;
use crate::ffi::params::{Descriptor, Descriptors, Kind as Type, joined};
use crate::key::Kind;

/// EC keys, for ECDSA and ECDH.
pub(crate) struct Ec;

impl KeyType for Ec {
    const KIND: Kind = Kind::Ec;

    const HAS_PARAMETERS: bool = true;
    const GETTABLE: &'static Descriptors = &GETTABLE;
    const SETTABLE: &'static Descriptors = &SETTABLE;
    const GENERATION: &'static Descriptors = &GENERATION;

    fn types(selection: Selection) -> Option<&'static Descriptors> {
        let parts = [Selection::PRIVATE_KEY, Selection::PUBLIC_KEY, Selection::DOMAIN, Selection::OTHERS];
        let bit = |(bit, part): (usize, &Selection)| usize::from(selection.any(*part)) << bit;
        TYPES.get(parts.iter().enumerate().map(bit).sum::<usize>())
    }

    fn operation_name(operation: OperationId) -> Option<&'static CStr> {
        match operation {
            OperationId::Signature => Some(c"TPM2-ECDSA"),
            OperationId::KeyExchange => Some(c"TPM2-ECDH"),
            OperationId::AsymCipher => None,
        }
    }
}

macro_rules! types_of_selections {
    ($($parts:literal)*) => {
        [$({
            const LIST: [Descriptor; 17] = joined(&[
                if $parts & 1 != 0 { PRIVATE } else { &[] },
                if $parts & 2 != 0 { PUBLIC } else { &[] },
                if $parts & 4 != 0 { DOMAIN } else { &[] },
                if $parts & 8 != 0 { OTHERS } else { &[] },
            ]);
            Descriptors::new(&LIST)
        }),*]
    };
}

/// The lists of all selections. The index has one bit for each selected part.
static TYPES: [Descriptors; 16] = types_of_selections!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);

const PRIVATE: &[Descriptor] = &[Descriptor::new(c"priv", Type::Unsigned)];
const PUBLIC: &[Descriptor] = &[Descriptor::new(c"pub", Type::Bytes)];

/// The "common EC parameters" of EVP_PKEY-EC(7): the parameters of the curve.
const DOMAIN: &[Descriptor] = &[
    Descriptor::new(c"group", Type::Text),
    Descriptor::new(c"encoding", Type::Text),
    Descriptor::new(c"point-format", Type::Text),
    Descriptor::new(c"field-type", Type::Text),
    Descriptor::new(c"p", Type::Unsigned),
    Descriptor::new(c"a", Type::Unsigned),
    Descriptor::new(c"b", Type::Unsigned),
    Descriptor::new(c"generator", Type::Bytes),
    Descriptor::new(c"order", Type::Unsigned),
    Descriptor::new(c"cofactor", Type::Unsigned),
    Descriptor::new(c"seed", Type::Bytes),
    Descriptor::new(c"decoded-from-explicit", Type::Integer),
];

/// The parameters of the key.
const OTHERS: &[Descriptor] = &[
    Descriptor::new(c"use-cofactor-flag", Type::Integer),
    Descriptor::new(c"include-public", Type::Integer),
];

static GETTABLE: Descriptors = Descriptors::new(&[
    Descriptor::new(c"bits", Type::Integer),
    Descriptor::new(c"security-bits", Type::Integer),
    Descriptor::new(c"security-category", Type::Integer),
    Descriptor::new(c"max-size", Type::Integer),
    Descriptor::new(c"default-digest", Type::Text),
    Descriptor::new(c"encoded-pub-key", Type::Bytes),
    Descriptor::new(c"group", Type::Text),
    Descriptor::new(c"decoded-from-explicit", Type::Integer),
    Descriptor::new(c"encoding", Type::Text),
    Descriptor::new(c"point-format", Type::Text),
    Descriptor::new(c"field-type", Type::Text),
    Descriptor::new(c"p", Type::Unsigned),
    Descriptor::new(c"a", Type::Unsigned),
    Descriptor::new(c"b", Type::Unsigned),
    Descriptor::new(c"generator", Type::Bytes),
    Descriptor::new(c"order", Type::Unsigned),
    Descriptor::new(c"cofactor", Type::Unsigned),
    Descriptor::new(c"seed", Type::Bytes),
    Descriptor::new(c"field-degree", Type::Integer),
    Descriptor::new(c"m", Type::Integer),
    Descriptor::new(c"basis-type", Type::Text),
    Descriptor::new(c"tp", Type::Integer),
    Descriptor::new(c"k1", Type::Integer),
    Descriptor::new(c"k2", Type::Integer),
    Descriptor::new(c"k3", Type::Integer),
    Descriptor::new(c"pub", Type::Bytes),
    Descriptor::new(c"qx", Type::Unsigned),
    Descriptor::new(c"qy", Type::Unsigned),
    Descriptor::new(c"priv", Type::Unsigned),
    Descriptor::new(c"use-cofactor-flag", Type::Integer),
    Descriptor::new(c"include-public", Type::Integer),
    Descriptor::END,
]);

static SETTABLE: Descriptors = Descriptors::new(&[
    Descriptor::new(c"encoded-pub-key", Type::Bytes),
    Descriptor::new(c"point-format", Type::Text),
    Descriptor::new(c"encoding", Type::Text),
    Descriptor::new(c"seed", Type::Bytes),
    Descriptor::new(c"include-public", Type::Integer),
    Descriptor::new(c"group-check", Type::Text),
    Descriptor::new(c"use-cofactor-flag", Type::Integer),
    Descriptor::END,
]);

generation_list! {
    GENERATION:
    c"group": Text,
    c"digest": Text,
    c"ec_paramgen_curve": Text,
    c"ec_param_enc": Text,
    c"use-cofactor-flag": Integer,
    c"encoding": Text,
    c"point-format": Text,
    c"field-type": Text,
    c"p": Unsigned,
    c"a": Unsigned,
    c"b": Unsigned,
    c"generator": Bytes,
    c"order": Unsigned,
    c"cofactor": Unsigned,
    c"seed": Bytes,
}
