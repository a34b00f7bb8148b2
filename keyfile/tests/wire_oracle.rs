//! Compares the wire form of each structure that tss-esapi can marshal: its bytes are read by this crate, and ours are read by it.

// In tests, a panic reports a failure. clippy.toml allows it only in the test functions themselves.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use keyfile::wire::{Marshal, Unmarshal};
use keyfile::{
    AlgId, Attributes, Curve, HashAlg, Kdf, KeyedHashScheme, Public, PublicKey, Scheme, Sensitive, Signature,
    Symmetric,
};
use std::fmt::Debug;
use tss_esapi::attributes::ObjectAttributes;
use tss_esapi::interface_types::algorithm::{HashingAlgorithm, SymmetricMode};
use tss_esapi::interface_types::ecc::EccCurve;
use tss_esapi::interface_types::key_bits::{AesKeyBits, CamelliaKeyBits, RsaKeyBits, Sm4KeyBits};
use tss_esapi::structures::{
    self as theirs, EccParameter, EccPoint, EccScheme, EccSignature, HashAgile, HashScheme, HmacScheme,
    KeyDerivationFunctionScheme, PublicEccParameters, PublicKeyedHashParameters, PublicRsaParameters,
    RsaExponent, RsaScheme, RsaSignature, SymmetricCipherParameters, SymmetricDefinitionObject,
};
use tss_esapi::traits::{Marshall, UnMarshall};

const HASHES: [(HashAlg, HashingAlgorithm); 4] = [
    (HashAlg::Sha1, HashingAlgorithm::Sha1),
    (HashAlg::Sha256, HashingAlgorithm::Sha256),
    (HashAlg::Sha384, HashingAlgorithm::Sha384),
    (HashAlg::Sha512, HashingAlgorithm::Sha512),
];

fn agree<O, T>(ours: &O, theirs: &T)
where
    O: Marshal + Unmarshal + PartialEq + Debug,
    T: Marshall + UnMarshall + PartialEq + Debug,
{
    let bytes = ours.to_bytes().unwrap();
    assert_eq!(bytes, theirs.marshall().unwrap(), "{ours:?}");
    assert_eq!(&T::unmarshall(&bytes).unwrap(), theirs);
    assert_eq!(&O::from_bytes(&bytes).unwrap(), ours);
    // This crate rejects trailing bytes, which tss-esapi tolerates.
    assert!(O::from_bytes(&[bytes.as_slice(), &[0]].concat()).is_err());
    for end in 0..bytes.len() {
        assert!(O::from_bytes(&bytes[..end]).is_err(), "{end} bytes of {ours:?}");
    }
}

fn aes() -> (Symmetric, SymmetricDefinitionObject) {
    let theirs = SymmetricDefinitionObject::Aes { key_bits: AesKeyBits::Aes256, mode: SymmetricMode::Cfb };
    (Symmetric::AES_256_CFB, theirs)
}

#[test]
fn rsa_public_areas_agree() {
    for (ours_hash, their_hash) in HASHES {
        let hash = HashScheme::new(their_hash);
        for (scheme, their_scheme) in [
            (Scheme::Null, RsaScheme::Null),
            (Scheme::Rsassa(ours_hash), RsaScheme::RsaSsa(hash)),
            (Scheme::Rsapss(ours_hash), RsaScheme::RsaPss(hash)),
            (Scheme::Rsaes, RsaScheme::RsaEs),
            (Scheme::Oaep(ours_hash), RsaScheme::Oaep(hash)),
        ] {
            let ours = Public {
                name_alg: ours_hash,
                attributes: Attributes::from_bits(0x0006_0472),
                auth_policy: vec![9; ours_hash.size()],
                key: PublicKey::Rsa {
                    symmetric: aes().0,
                    scheme,
                    bits: 3072,
                    exponent: 65539,
                    modulus: vec![0xc5; 384],
                },
            };
            let theirs = theirs::Public::Rsa {
                object_attributes: ObjectAttributes(0x0006_0472),
                name_hashing_algorithm: their_hash,
                auth_policy: vec![9; ours_hash.size()].try_into().unwrap(),
                parameters: PublicRsaParameters::new(
                    aes().1,
                    their_scheme,
                    RsaKeyBits::Rsa3072,
                    RsaExponent::create(65539).unwrap(),
                ),
                unique: vec![0xc5; 384].try_into().unwrap(),
            };
            agree(&ours, &theirs);
        }
    }
}

#[test]
fn elliptic_curve_public_areas_agree() {
    let curves = [
        (Curve::P192, EccCurve::NistP192),
        (Curve::P224, EccCurve::NistP224),
        (Curve::P256, EccCurve::NistP256),
        (Curve::P384, EccCurve::NistP384),
        (Curve::P521, EccCurve::NistP521),
        (Curve::BnP256, EccCurve::BnP256),
        (Curve::BnP638, EccCurve::BnP638),
        (Curve::Sm2P256, EccCurve::Sm2P256),
    ];
    let hash = HashScheme::new(HashingAlgorithm::Sha384);
    let ours_hash = HashAlg::Sha384;
    let schemes = [
        (Scheme::Null, EccScheme::Null),
        (Scheme::Ecdsa(ours_hash), EccScheme::EcDsa(hash)),
        (
            Scheme::Ecdaa(ours_hash, 77),
            EccScheme::EcDaa(theirs::EcDaaScheme::new(HashingAlgorithm::Sha384, 77)),
        ),
        (Scheme::Sm2(ours_hash), EccScheme::Sm2(hash)),
        (Scheme::Ecschnorr(ours_hash), EccScheme::EcSchnorr(hash)),
        (Scheme::Ecdh(ours_hash), EccScheme::EcDh(hash)),
        (Scheme::Ecmqv(ours_hash), EccScheme::EcMqv(hash)),
    ];
    // KDF2 is missing because tss2-mu 3.2.1 cannot marshal it.
    let kdfs = [
        (Kdf::Null, KeyDerivationFunctionScheme::Null),
        (Kdf::Mgf1(ours_hash), KeyDerivationFunctionScheme::Mgf1(hash)),
        (Kdf::Kdf1Sp80056a(ours_hash), KeyDerivationFunctionScheme::Kdf1Sp800_56a(hash)),
        (Kdf::Kdf1Sp800108(ours_hash), KeyDerivationFunctionScheme::Kdf1Sp800_108(hash)),
    ];
    for (at, (curve, their_curve)) in curves.into_iter().enumerate() {
        let (scheme, their_scheme) = schemes[at % schemes.len()];
        let (kdf, their_kdf) = kdfs[at % kdfs.len()];
        let ours = Public {
            name_alg: HashAlg::Sha256,
            attributes: Attributes::SIGN | Attributes::DECRYPT,
            auth_policy: Vec::new(),
            key: PublicKey::Ecc {
                symmetric: Symmetric::Null,
                scheme,
                curve,
                kdf,
                x: vec![3; curve.field_bytes()],
                y: vec![4; curve.field_bytes() - 1],
            },
        };
        let coordinate = |byte, size| EccParameter::try_from(vec![byte; size]).unwrap();
        let theirs = theirs::Public::Ecc {
            object_attributes: ObjectAttributes::builder()
                .with_sign_encrypt(true)
                .with_decrypt(true)
                .build()
                .unwrap(),
            name_hashing_algorithm: HashingAlgorithm::Sha256,
            auth_policy: Default::default(),
            parameters: PublicEccParameters::new(
                SymmetricDefinitionObject::Null,
                their_scheme,
                their_curve,
                their_kdf,
            ),
            unique: EccPoint::new(coordinate(3, curve.field_bytes()), coordinate(4, curve.field_bytes() - 1)),
        };
        agree(&ours, &theirs);
    }
}

#[test]
fn keyed_hash_public_areas_agree() {
    let xor = theirs::XorScheme::new(
        HashingAlgorithm::Sha512,
        tss_esapi::interface_types::algorithm::KeyDerivationFunction::Kdf1Sp800_108,
    );
    for (scheme, their_scheme) in [
        (KeyedHashScheme::Null, theirs::KeyedHashScheme::Null),
        (
            KeyedHashScheme::Hmac(HashAlg::Sha256),
            theirs::KeyedHashScheme::Hmac { hmac_scheme: HmacScheme::new(HashingAlgorithm::Sha256) },
        ),
        (
            KeyedHashScheme::Xor { hash: HashAlg::Sha512, kdf: AlgId::KDF1_SP800_108 },
            theirs::KeyedHashScheme::Xor { xor_scheme: xor },
        ),
    ] {
        let ours = Public {
            name_alg: HashAlg::Sha1,
            attributes: Attributes::NO_DA,
            auth_policy: Vec::new(),
            key: PublicKey::KeyedHash { scheme, unique: vec![5; 20] },
        };
        let theirs = theirs::Public::KeyedHash {
            object_attributes: ObjectAttributes(0x400),
            name_hashing_algorithm: HashingAlgorithm::Sha1,
            auth_policy: Default::default(),
            parameters: PublicKeyedHashParameters::new(their_scheme),
            unique: vec![5; 20].try_into().unwrap(),
        };
        agree(&ours, &theirs);
    }
}

#[test]
fn cipher_public_areas_agree() {
    let cipher = |algorithm, bits, mode| Symmetric::Cipher { algorithm, bits, mode };
    for (symmetric, their_symmetric) in [
        aes(),
        (
            cipher(AlgId::SM4, 128, AlgId::CTR),
            SymmetricDefinitionObject::Sm4 { key_bits: Sm4KeyBits::Sm4_128, mode: SymmetricMode::Ctr },
        ),
        (
            cipher(AlgId::CAMELLIA, 192, AlgId::CBC),
            SymmetricDefinitionObject::Camellia {
                key_bits: CamelliaKeyBits::Camellia192,
                mode: SymmetricMode::Cbc,
            },
        ),
    ] {
        let ours = Public {
            name_alg: HashAlg::Sha256,
            attributes: Attributes::DECRYPT,
            auth_policy: Vec::new(),
            key: PublicKey::SymCipher { symmetric, unique: vec![6; 32] },
        };
        let theirs = theirs::Public::SymCipher {
            object_attributes: ObjectAttributes(0x2_0000),
            name_hashing_algorithm: HashingAlgorithm::Sha256,
            auth_policy: Default::default(),
            parameters: SymmetricCipherParameters::new(their_symmetric),
            unique: vec![6; 32].try_into().unwrap(),
        };
        agree(&ours, &theirs);
    }
}

#[test]
fn signatures_agree() {
    agree(&Signature::Null, &theirs::Signature::Null);
    for (hash, their_hash) in HASHES {
        let rsa = RsaSignature::create(their_hash, vec![7; 256].try_into().unwrap()).unwrap();
        for (scheme, theirs) in [
            (AlgId::RSASSA, theirs::Signature::RsaSsa(rsa.clone())),
            (AlgId::RSAPSS, theirs::Signature::RsaPss(rsa)),
        ] {
            agree(&Signature::Rsa { scheme, hash, bytes: vec![7; 256] }, &theirs);
        }
        let parameter = |byte| EccParameter::try_from(vec![byte; 66]).unwrap();
        let ecc = EccSignature::create(their_hash, parameter(8), parameter(9)).unwrap();
        for (scheme, theirs) in [
            (AlgId::ECDSA, theirs::Signature::EcDsa(ecc.clone())),
            (AlgId::ECDAA, theirs::Signature::EcDaa(ecc.clone())),
            (AlgId::SM2, theirs::Signature::Sm2(ecc.clone())),
            (AlgId::ECSCHNORR, theirs::Signature::EcSchnorr(ecc)),
        ] {
            agree(&Signature::Ecc { scheme, hash, r: vec![8; 66], s: vec![9; 66] }, &theirs);
        }
        let digest = vec![10; hash.size()];
        let hmac = theirs::Signature::Hmac(HashAgile::new(their_hash, digest.clone().try_into().unwrap()));
        agree(&Signature::Hmac { hash, digest }, &hmac);
    }
}

#[test]
fn sensitive_areas_agree() {
    let auth: theirs::Auth = vec![1; 8].try_into().unwrap();
    let seed: theirs::Digest = vec![2; 32].try_into().unwrap();
    for (kind, sensitive, theirs) in [
        (
            AlgId::RSA,
            vec![3; 128],
            theirs::Sensitive::Rsa {
                auth_value: auth.clone(),
                seed_value: seed.clone(),
                sensitive: vec![3; 128].try_into().unwrap(),
            },
        ),
        (
            AlgId::ECC,
            vec![4; 32],
            theirs::Sensitive::Ecc {
                auth_value: auth.clone(),
                seed_value: seed.clone(),
                sensitive: vec![4; 32].try_into().unwrap(),
            },
        ),
        (
            AlgId::KEYEDHASH,
            vec![5; 100],
            theirs::Sensitive::Bits {
                auth_value: auth.clone(),
                seed_value: seed.clone(),
                sensitive: vec![5; 100].try_into().unwrap(),
            },
        ),
        (
            AlgId::SYMCIPHER,
            vec![6; 16],
            theirs::Sensitive::Symmetric {
                auth_value: auth.clone(),
                seed_value: seed.clone(),
                sensitive: vec![6; 16].try_into().unwrap(),
            },
        ),
    ] {
        let ours = Sensitive {
            kind,
            auth_value: vec![1; 8].into(),
            seed_value: vec![2; 32].into(),
            sensitive: sensitive.into(),
        };
        let bytes = ours.to_bytes().unwrap();
        assert_eq!(bytes, theirs.marshall().unwrap());
        let back = Sensitive::from_bytes(&bytes).unwrap();
        assert_eq!(back.to_bytes().unwrap(), bytes);
        assert!(Sensitive::from_bytes(&bytes[..bytes.len() - 1]).is_err());
    }
}
