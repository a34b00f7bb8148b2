//! Endorsement keys: the templates from which TPMs derive them (TCG EK credential profile for TPM 2.0 §B.3, §B.4, §B.6).

use keyfile::policy::{Condition, Secret, digest};
use keyfile::{
    Attributes, CommandCode, Curve, DigestList, Handle, HashAlg, Kdf, Public, PublicKey, Scheme, Symmetric,
};

use crate::CryptoError;

/// The attributes of all endorsement keys.
const LOW: Attributes = Attributes::MADE_IN_TPM
    .union(Attributes::ADMIN_WITH_POLICY)
    .union(Attributes::RESTRICTED)
    .union(Attributes::DECRYPT);
/// High-range keys can also be used with their (empty) password.
const HIGH: Attributes = LOW.union(Attributes::USER_WITH_AUTH);

/// The range of a template, as the profile names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Range {
    /// L-1 and L-2: PolicyA, and a unique field of zeros.
    Low,
    /// H-1 and higher: PolicyB, and an empty unique field.
    High,
}

/// Returns the templates for a key of this type and size, the most common first; empty if no template has this size.
///
/// # Errors
/// A policy digest cannot be computed.
pub fn templates(key: &PublicKey) -> Result<Vec<Public>, CryptoError> {
    let (ranges, hash): (&[Range], _) = match key {
        PublicKey::Rsa { bits: 2048, .. } | PublicKey::Ecc { curve: Curve::P256, .. } => {
            (&[Range::Low, Range::High], HashAlg::Sha256)
        }
        PublicKey::Rsa { bits: 3072 | 4096, .. } | PublicKey::Ecc { curve: Curve::P384, .. } => {
            (&[Range::High], HashAlg::Sha384)
        }
        PublicKey::Ecc { curve: Curve::P521, .. } => (&[Range::High], HashAlg::Sha512),
        _ => (&[], HashAlg::Sha256),
    };
    ranges.iter().map(|&range| template(key, range, hash)).collect()
}

fn template(key: &PublicKey, range: Range, hash: HashAlg) -> Result<Public, CryptoError> {
    let symmetric = if hash == HashAlg::Sha256 { Symmetric::AES_128_CFB } else { Symmetric::AES_256_CFB };
    let unique = |bytes| if range == Range::Low { vec![0; bytes] } else { Vec::new() };
    let key = match key {
        PublicKey::Ecc { curve, .. } => {
            let bytes = curve.field_bytes();
            let (x, y) = (unique(bytes), unique(bytes));
            PublicKey::Ecc { symmetric, scheme: Scheme::Null, curve: *curve, kdf: Kdf::Null, x, y }
        }
        PublicKey::Rsa { bits, .. } => {
            let modulus = unique(usize::from(*bits / 8));
            PublicKey::Rsa { symmetric, scheme: Scheme::Null, bits: *bits, exponent: 0, modulus }
        }
        other => other.clone(),
    };
    let (attributes, auth_policy) = match range {
        Range::Low => (LOW, policy_a(hash)?),
        Range::High => (HIGH, policy_b(hash)?),
    };
    Ok(Public { name_alg: hash, attributes, auth_policy, key })
}

/// Returns the branches of the PolicyOR at the end of the key's policy, if there is one.
///
/// # Errors
/// A policy digest cannot be computed.
pub fn branches(public: &Public) -> Result<Option<DigestList>, CryptoError> {
    let hash = public.name_alg;
    Ok((public.auth_policy == policy_b(hash)?)
        .then_some(DigestList(vec![policy_a(hash)?, policy_c(hash).to_vec()])))
}

/// Returns PolicyA: the password of the endorsement hierarchy.
fn policy_a(hash: HashAlg) -> Result<Vec<u8>, CryptoError> {
    let secret = Secret { hint: Handle(0), name: Handle::ENDORSEMENT.into(), policy_ref: Vec::new() };
    let statement = Condition::Secret(secret).statement()?;
    digest([&statement], hash).map_err(CryptoError::Policy)
}

/// Returns PolicyB: PolicyA or PolicyC.
fn policy_b(hash: HashAlg) -> Result<Vec<u8>, CryptoError> {
    let code = CommandCode::POLICY_OR.0.to_be_bytes();
    Ok(hash.digest(&[&vec![0; hash.size()], &code, &policy_a(hash)?, policy_c(hash)]))
}

/// Returns PolicyC: PolicyAuthorizeNV with the index that the profile reserves for this hash (0x01c07f01 and following); empty for SHA-1.
fn policy_c(hash: HashAlg) -> &'static [u8] {
    match hash {
        HashAlg::Sha1 => &[],
        HashAlg::Sha256 => &POLICY_C_SHA256,
        HashAlg::Sha384 => &POLICY_C_SHA384,
        HashAlg::Sha512 => &POLICY_C_SHA512,
    }
}

#[rustfmt::skip]
const POLICY_C_SHA256: [u8; 32] = [
    0x37, 0x67, 0xe2, 0xed, 0xd4, 0x3f, 0xf4, 0x5a, 0x3a, 0x7e, 0x1e, 0xae, 0xfc, 0xef, 0x78, 0x64,
    0x3d, 0xca, 0x96, 0x46, 0x32, 0xe7, 0xaa, 0xd8, 0x2c, 0x67, 0x3a, 0x30, 0xd8, 0x63, 0x3f, 0xde,
];
#[rustfmt::skip]
const POLICY_C_SHA384: [u8; 48] = [
    0xd6, 0x03, 0x2c, 0xe6, 0x1f, 0x2f, 0xb3, 0xc2, 0x40, 0xeb, 0x3c, 0xf6, 0xa3, 0x32, 0x37, 0xef,
    0x2b, 0x6a, 0x16, 0xf4, 0x29, 0x3c, 0x22, 0xb4, 0x55, 0xe2, 0x61, 0xcf, 0xfd, 0x21, 0x7a, 0xd5,
    0xb4, 0x94, 0x7c, 0x2d, 0x73, 0xe6, 0x30, 0x05, 0xee, 0xd2, 0xdc, 0x2b, 0x35, 0x93, 0xd1, 0x65,
];
#[rustfmt::skip]
const POLICY_C_SHA512: [u8; 64] = [
    0x58, 0x9e, 0xe1, 0xe1, 0x46, 0x54, 0x47, 0x16, 0xe8, 0xde, 0xaf, 0xe6, 0xdb, 0x24, 0x7b, 0x01,
    0xb8, 0x1e, 0x9f, 0x9c, 0x7d, 0xd1, 0x6b, 0x81, 0x4a, 0xa1, 0x59, 0x13, 0x87, 0x49, 0x10, 0x5f,
    0xba, 0x53, 0x88, 0xdd, 0x1d, 0xea, 0x70, 0x2f, 0x35, 0x24, 0x0c, 0x18, 0x49, 0x33, 0x12, 0x1e,
    0x2c, 0x61, 0xb8, 0xf5, 0x0d, 0x3e, 0xf9, 0x13, 0x93, 0xa4, 0x9a, 0x38, 0xc3, 0xf7, 0x3f, 0xc8,
];

#[cfg(test)]
mod tests {
    use keyfile::wire::Marshal;

    use super::*;

    /// The policy digests as printed in the profile (§B.6.2, §B.6.5).
    const PROFILE_DIGESTS: [(HashAlg, &str, &str); 3] = [
        (
            HashAlg::Sha256,
            "837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa",
            "ca3d0a99a2b93906f7a3342414efcfb3a385d44cd1fd459089d19b5071c0b7a0",
        ),
        (
            HashAlg::Sha384,
            "8bbf2266537c171cb56e403c4dc1d4b64f432611dc386e6f532050c3278c930e143e8bb1133824ccb431053871c6db53",
            "b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419cacb47ba09699646150f9fc000f3f80e12",
        ),
        (
            HashAlg::Sha512,
            "1e3b76502c8a1425aa0b7b3fc646a1b0fae063b03b5368f9c4cddecaff0891dd682bac1a85d4d832b781ea451915de5fc5bf0dc4a1917cd42fa041e3f998e0ee",
            "b8221ca69e8550a4914de3faa6a18c072cc01208073a928d5d66d59ef79e49a429c41a6b269571d57edb25fbdb1838425608b413cd616a5f6db5b6071af99bea",
        ),
    ];

    #[test]
    fn policy_digests_match_the_profile() {
        for (hash, a, b) in PROFILE_DIGESTS {
            assert_eq!(
                (hex::encode(policy_a(hash).unwrap()), hex::encode(policy_b(hash).unwrap())),
                (a.into(), b.into())
            );
        }
    }

    #[test]
    fn templates_match_the_profile_byte_for_byte() {
        let policy = PROFILE_DIGESTS[0].1;
        let ecc = PublicKey::Ecc {
            symmetric: Symmetric::Null,
            scheme: Scheme::Null,
            curve: Curve::P256,
            kdf: Kdf::Null,
            x: vec![1],
            y: vec![2],
        };
        let made = templates(&ecc).unwrap();
        let zeros = |n: usize| "00".repeat(n);
        let low =
            format!("0023000b000300b20020{policy}0006008000430010000300100020{}0020{}", zeros(32), zeros(32));
        assert_eq!(hex::encode(made[0].to_bytes().unwrap()), low);
        let high = format!("0023000b000300f20020{}00060080004300100003001000000000", PROFILE_DIGESTS[0].2);
        assert_eq!(hex::encode(made[1].to_bytes().unwrap()), high);
        let rsa = |bits| PublicKey::Rsa {
            symmetric: Symmetric::Null,
            scheme: Scheme::Null,
            bits,
            exponent: 0,
            modulus: vec![1],
        };
        let made = templates(&rsa(2048)).unwrap();
        let low = format!("0001000b000300b20020{policy}00060080004300100800000000000100{}", zeros(256));
        assert_eq!(hex::encode(made[0].to_bytes().unwrap()), low);
        assert!(branches(&made[0]).unwrap().is_none() && branches(&made[1]).unwrap().is_some());
        let made = templates(&rsa(3072)).unwrap();
        let high = format!("0001000c000300f20030{}0006010000430010 0c00000000000000", PROFILE_DIGESTS[1].2)
            .replace(' ', "");
        assert_eq!((made.len(), hex::encode(made[0].to_bytes().unwrap())), (1, high));
        assert!(templates(&rsa(1024)).unwrap().is_empty());
    }
}
