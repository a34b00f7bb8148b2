//! Attributes of private and public keys (PKCS#11 3.0 §4.7 to §4.9, and §2.1, §2.3 of its mechanisms for RSA and EC).

use cryptoki_sys::*;
use keyfile::{AlgId, Attributes, PublicKey};
use tokens::{Contents, TokenKey};

use super::value::{Found, bytes, empty, flag, number};
use crate::operation::Uses;
use crate::slot::Slot;

/// An attribute of the private key.
pub(super) fn private(
    key: &TokenKey,
    slot: &Slot,
    contents: &Contents,
    attribute: CK_ATTRIBUTE_TYPE,
) -> Found {
    let may = Uses::of(key.public());
    match attribute {
        CKA_CLASS => number(CKO_PRIVATE_KEY),
        // A key without a password is used without a login.
        CKA_PRIVATE => flag(key.needs_password()),
        CKA_SENSITIVE => flag(true),
        CKA_ALWAYS_SENSITIVE => flag(key.public().attributes.contains(Attributes::MADE_IN_TPM)),
        CKA_EXTRACTABLE => flag(false),
        CKA_NEVER_EXTRACTABLE => flag(key.public().attributes.contains(Attributes::MADE_IN_TPM)),
        CKA_SIGN => flag(may.sign),
        CKA_SIGN_RECOVER => flag(may.sign && may.is_rsa),
        CKA_DECRYPT => flag(may.decrypt && may.is_rsa),
        CKA_DERIVE => flag(may.decrypt && !may.is_rsa),
        CKA_UNWRAP | CKA_WRAP_WITH_TRUSTED => flag(false),
        CKA_ALWAYS_AUTHENTICATE => flag(slot.token().always_authenticate() && key.needs_password()),
        CKA_PRIVATE_EXPONENT | CKA_PRIME_1 | CKA_PRIME_2 | CKA_EXPONENT_1 | CKA_EXPONENT_2
        | CKA_COEFFICIENT
            if may.is_rsa =>
        {
            Found::Sensitive
        }
        CKA_VALUE if !may.is_rsa => Found::Sensitive,
        CKA_MODULUS_BITS => Found::Unknown,
        _ => common(key, slot, contents, attribute),
    }
}

/// An attribute of the public key.
pub(super) fn public(
    key: &TokenKey,
    slot: &Slot,
    contents: &Contents,
    attribute: CK_ATTRIBUTE_TYPE,
) -> Found {
    let may = Uses::of(key.public());
    match attribute {
        CKA_CLASS => number(CKO_PUBLIC_KEY),
        CKA_PRIVATE | CKA_TRUSTED | CKA_WRAP => flag(false),
        CKA_VERIFY => flag(may.sign),
        CKA_VERIFY_RECOVER => flag(may.sign && may.is_rsa),
        CKA_ENCRYPT => flag(may.decrypt && may.is_rsa),
        CKA_DERIVE => flag(may.decrypt && !may.is_rsa),
        _ => common(key, slot, contents, attribute),
    }
}

/// The attributes of both halves.
fn common(key: &TokenKey, slot: &Slot, contents: &Contents, attribute: CK_ATTRIBUTE_TYPE) -> Found {
    match attribute {
        CKA_TOKEN => flag(true),
        CKA_MODIFIABLE | CKA_DESTROYABLE => flag(slot.token().writable()),
        CKA_COPYABLE => flag(false),
        CKA_LABEL => bytes(key.label().as_bytes()),
        CKA_ID => bytes(key.id()),
        CKA_KEY_TYPE => number(if is_rsa(key) { CKK_RSA } else { CKK_EC }),
        CKA_START_DATE | CKA_END_DATE => empty(),
        CKA_LOCAL => flag(key.public().attributes.contains(Attributes::SENSITIVE_DATA_ORIGIN)),
        CKA_KEY_GEN_MECHANISM => number(key_gen_mechanism(key)),
        CKA_PUBLIC_KEY_INFO => bytes(key.spki()),
        CKA_SUBJECT => {
            let own = contents.certificates.iter().find(|certificate| certificate.spki() == key.spki());
            bytes(own.map_or(&[], |certificate| certificate.subject()))
        }
        _ => numbers(key, attribute),
    }
}

/// The numbers of the public half.
fn numbers(key: &TokenKey, attribute: CK_ATTRIBUTE_TYPE) -> Found {
    match (&key.public().key, attribute) {
        (PublicKey::Rsa { modulus, .. }, CKA_MODULUS) => bytes(modulus),
        (PublicKey::Rsa { modulus, .. }, CKA_MODULUS_BITS) => {
            let zeros = modulus.first().map_or(0, |first| first.leading_zeros());
            let bits =
                modulus.len().saturating_mul(8).saturating_sub(usize::try_from(zeros).unwrap_or_default());
            number(CK_ULONG::try_from(bits).unwrap_or_default())
        }
        (PublicKey::Rsa { exponent, .. }, CKA_PUBLIC_EXPONENT) => {
            let exponent = if *exponent == 0 { PublicKey::DEFAULT_EXPONENT } else { *exponent };
            let big_endian = exponent.to_be_bytes();
            let zeros = big_endian.iter().take_while(|byte| **byte == 0).count();
            bytes(big_endian.get(zeros..).unwrap_or_default())
        }
        (PublicKey::Ecc { curve, .. }, CKA_EC_PARAMS) => curve
            .oid()
            .and_then(|oid| asn1::write_single(&oid).ok())
            .map_or(Found::Unknown, |der| bytes(&der)),
        (PublicKey::Ecc { curve, x, y, .. }, CKA_EC_POINT) => {
            let size = curve.field_bytes();
            let padded = |number: &[u8]| [&vec![0; size.saturating_sub(number.len())], number].concat();
            let point = [&[4][..], &padded(x), &padded(y)].concat();
            asn1::write_single(&point.as_slice()).map_or(Found::Unknown, |der| bytes(&der))
        }
        _ => Found::Unknown,
    }
}

fn key_gen_mechanism(key: &TokenKey) -> CK_MECHANISM_TYPE {
    match (key.public().attributes.contains(Attributes::SENSITIVE_DATA_ORIGIN), is_rsa(key)) {
        (false, _) => CK_UNAVAILABLE_INFORMATION,
        (true, true) => CKM_RSA_PKCS_KEY_PAIR_GEN,
        (true, false) => CKM_EC_KEY_PAIR_GEN,
    }
}

fn is_rsa(key: &TokenKey) -> bool {
    key.public().key.kind() == AlgId::RSA
}
