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

#[cfg(test)]
mod tests {
    use super::*;

    const ECDSA: AlgId = AlgId::ECDSA;
    const SHA256: HashAlg = HashAlg::Sha256;

    fn ecdsa(r: &[u8], s: &[u8]) -> Signature {
        Signature::Ecc { scheme: ECDSA, hash: SHA256, r: r.to_vec(), s: s.to_vec() }
    }

    #[test]
    fn numbers_are_shortest_in_der() {
        for (r, s, der) in [
            (&[1][..], &[0x7f][..], "300602010102017f"),
            (&[0x80], &[0, 0, 1], "3007020200800201 01"),
            (&[0], &[], "3006020100020100"),
        ] {
            assert_eq!(hex::encode(to_bare(&ecdsa(r, s)).unwrap()), der.replace(' ', ""));
        }
        let read = from_bare(ECDSA, SHA256, &hex::decode("300702020080020101").unwrap()).unwrap();
        assert_eq!(read, ecdsa(&[0x80], &[1]));
    }

    #[test]
    fn other_encodings_are_refused() {
        for der in [
            "",
            "3003020101",
            // Negative, not shortest, a third number, a byte after it, BER's indefinite length.
            "3006020180020101",
            "300702020001020101",
            "3009020101020101020101",
            "30060201010201 0100",
            "308002010102010 10000",
        ] {
            let der = hex::decode(der.replace(' ', "")).unwrap();
            assert!(from_bare(ECDSA, SHA256, &der).is_err(), "{der:02x?}");
        }
    }

    #[test]
    fn only_rsa_and_ecdsa_have_a_bare_form() {
        let rsa = Signature::Rsa { scheme: AlgId::RSAPSS, hash: SHA256, bytes: vec![1, 2] };
        assert_eq!(to_bare(&rsa).unwrap(), [1, 2]);
        assert_eq!(from_bare(AlgId::RSAPSS, SHA256, &[1, 2]).unwrap(), rsa);
        assert!(from_bare(AlgId::HMAC, SHA256, &[1]).is_err());
        let sm2 = Signature::Ecc { scheme: AlgId::SM2, hash: SHA256, r: vec![1], s: vec![1] };
        for signature in [sm2, Signature::Null, Signature::Hmac { hash: SHA256, digest: vec![0; 32] }] {
            assert!(to_bare(&signature).is_err(), "{signature:?}");
        }
    }
}
