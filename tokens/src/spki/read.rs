//! Reads a SubjectPublicKeyInfo.

use asn1::{BigUint, BitString, ObjectIdentifier, ParseError, Parser, Sequence, Tlv};
use keyfile::{Curve, Kdf, PublicKey, Scheme, Symmetric};

use super::{EC, RSA, RSA_PSS};

/// Returns the key of a SubjectPublicKeyInfo in DER; none if it is damaged, or neither RSA nor an uncompressed point on a known curve. The
/// scheme is NULL.
pub(crate) fn public_key(spki: &[u8]) -> Option<PublicKey> {
    asn1::parse_single::<Sequence<'_>>(spki).ok()?.parse(of_info).ok()
}

/// The bytes are no such key. The parser's error is large, and no caller needs it.
struct Unknown;

impl From<ParseError> for Unknown {
    fn from(_: ParseError) -> Self {
        Self
    }
}

fn of_info(p: &mut Parser<'_>) -> Result<PublicKey, Unknown> {
    let (algorithm, parameters) = p.read_element::<Sequence<'_>>()?.parse(|p| {
        let algorithm = p.read_element::<ObjectIdentifier>()?;
        Ok::<_, Unknown>((algorithm, p.read_element::<Option<Tlv<'_>>>()?))
    })?;
    let bits = p.read_element::<BitString<'_>>()?.as_bytes();
    match algorithm {
        RSA | RSA_PSS => asn1::parse_single::<Sequence<'_>>(bits)?.parse(rsa),
        EC => {
            let curve = parameters.ok_or(Unknown)?.parse::<ObjectIdentifier>()?;
            ec(Curve::from_oid(&curve).ok_or(Unknown)?, bits)
        }
        _ => Err(Unknown),
    }
}

fn rsa(p: &mut Parser<'_>) -> Result<PublicKey, Unknown> {
    let modulus = super::number(p.read_element::<BigUint<'_>>()?.as_bytes()).to_vec();
    let exponent = super::number(p.read_element::<BigUint<'_>>()?.as_bytes());
    let exponent = exponent
        .iter()
        .try_fold(0_u32, |number, byte| number.checked_mul(256)?.checked_add(u32::from(*byte)));
    let bits = modulus.len().checked_mul(8).and_then(|bits| u16::try_from(bits).ok()).ok_or(Unknown)?;
    let (symmetric, scheme, exponent) = (Symmetric::Null, Scheme::Null, exponent.ok_or(Unknown)?);
    Ok(PublicKey::Rsa { symmetric, scheme, bits, exponent, modulus })
}

fn ec(curve: Curve, point: &[u8]) -> Result<PublicKey, Unknown> {
    let (x, y) = point
        .strip_prefix(&[4])
        .and_then(|rest| rest.split_at_checked(curve.field_bytes()))
        .filter(|(x, y)| x.len() == y.len())
        .ok_or(Unknown)?;
    let (symmetric, scheme, kdf) = (Symmetric::Null, Scheme::Null, Kdf::Null);
    Ok(PublicKey::Ecc { symmetric, scheme, curve, kdf, x: x.to_vec(), y: y.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::super::{encoded, id};
    use super::*;

    /// `openssl ecparam -genkey -name prime256v1 | openssl ec -pubout`.
    const EC_KEY: &str = "3059301306072a8648ce3d020106082a8648ce3d03010703420004\
        d2828d2da9ac617e13bdef0e73fde608f461eb6acfd2e23a372f62cc5e062f1d\
        c05dce665096b053ee734d29f2dfa7c01fac3f987eecfc0fc5caa0f2ff724449";
    /// RSA with a modulus of 64 bits.
    const RSA_KEY: &str = "3024300d06092a864886f70d0101010500031300301002090\
        0c3a5b1d2e4f607890203010001";

    #[test]
    fn a_key_is_written_as_it_was_read() {
        for text in [EC_KEY, RSA_KEY] {
            let der = hex::decode(text).unwrap();
            let key = public_key(&der).unwrap();
            assert_eq!(hex::encode(encoded(&key).unwrap()), text);
            for end in 0..der.len() {
                assert!(public_key(&der[..end]).is_none(), "{end}");
            }
        }
    }

    #[test]
    fn a_tpm_may_leave_out_zeros_and_the_exponent() {
        let PublicKey::Rsa { symmetric, scheme, bits, modulus, .. } =
            public_key(&hex::decode(RSA_KEY).unwrap()).unwrap()
        else {
            panic!("not RSA")
        };
        let key =
            PublicKey::Rsa { symmetric, scheme, bits, exponent: 0, modulus: [vec![0], modulus].concat() };
        assert_eq!(hex::encode(encoded(&key).unwrap()), RSA_KEY);
        let ec = |x: &[u8]| PublicKey::Ecc {
            symmetric: Symmetric::Null,
            scheme: Scheme::Null,
            curve: Curve::P256,
            kdf: Kdf::Null,
            x: x.to_vec(),
            y: vec![2; 32],
        };
        let padded = [&[0; 31][..], &[7]].concat();
        assert_eq!(encoded(&ec(&[7])), encoded(&ec(&padded)));
        assert_eq!(id(&ec(&[7])), id(&ec(&padded)));
        assert!(encoded(&ec(&[7; 33])).is_none());
    }

    #[test]
    fn the_id_is_the_one_of_nss() {
        // printf 'c3a5b1d2e4f60789' | xxd -r -p | sha1sum; the same of the point with its 04.
        let of = |text: &str| hex::encode(id(&public_key(&hex::decode(text).unwrap()).unwrap()).unwrap());
        assert_eq!(of(RSA_KEY), "fc5879563f9611f3257509d683711712f4a460fd");
        assert_eq!(of(EC_KEY), "fa9ae7532a355e71c11a142192de77b4d9836dda");
    }
}
