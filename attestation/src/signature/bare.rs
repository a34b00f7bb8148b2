//! Signatures without their scheme: RSA as bytes, ECDSA as the DER of RFC 3279 §2.2.3.

// asn1::ParseError is large and its size is not ours to choose. It is replaced before it leaves this module.
#![allow(clippy::result_large_err)]

use asn1::BigUint;
use keyfile::{AlgId, HashAlg, Signature};

use crate::Malformed;

const WHAT: &str = "signature";

#[derive(asn1::Asn1Read, asn1::Asn1Write)]
struct EcdsaSigValue<'a> {
    r: BigUint<'a>,
    s: BigUint<'a>,
}

/// Reads a bare signature of a scheme.
///
/// # Errors
/// An ECDSA signature is not in DER, or the scheme is neither RSASSA, RSAPSS nor ECDSA.
pub fn from_bare(scheme: AlgId, hash: HashAlg, bytes: &[u8]) -> Result<Signature, Malformed> {
    match scheme {
        AlgId::RSASSA | AlgId::RSAPSS => Ok(Signature::Rsa { scheme, hash, bytes: bytes.to_vec() }),
        AlgId::ECDSA => {
            let value: EcdsaSigValue<'_> = asn1::parse_single(bytes)
                .map_err(|_| Malformed::new(WHAT, "it is no ECDSA signature in DER"))?;
            // DER puts a zero byte before a first byte of 0x80 or more; a TPM does not.
            let number = |bytes: &[u8]| bytes.iter().copied().skip_while(|&byte| byte == 0).collect();
            let (r, s) = (number(value.r.as_bytes()), number(value.s.as_bytes()));
            Ok(Signature::Ecc { scheme, hash, r, s })
        }
        other => Err(Malformed::new(WHAT, format!("{other} has no bare form"))),
    }
}

/// Returns the bare form.
///
/// # Errors
/// The scheme is neither RSASSA, RSAPSS nor ECDSA.
pub fn to_bare(signature: &Signature) -> Result<Vec<u8>, Malformed> {
    match signature {
        Signature::Rsa { bytes, .. } => Ok(bytes.clone()),
        Signature::Ecc { scheme: AlgId::ECDSA, r, s, .. } => {
            let (r, s) = (unsigned(r), unsigned(s));
            let number = |bytes| BigUint::new(bytes).ok_or_else(|| Malformed::new(WHAT, "a number is empty"));
            let value = EcdsaSigValue { r: number(&r)?, s: number(&s)? };
            asn1::write_single(&value).map_err(|_| Malformed::new(WHAT, "it cannot be written in DER"))
        }
        _ => Err(Malformed::new(WHAT, "its scheme has no bare form")),
    }
}

/// Returns the shortest form of a positive number in DER: one zero byte before a first byte of 0x80 or more.
fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let number: Vec<u8> = bytes.iter().copied().skip_while(|&byte| byte == 0).collect();
    match number.first() {
        Some(..0x80) => number,
        _ => [&[0], number.as_slice()].concat(),
    }
}
