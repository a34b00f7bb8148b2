//! Tests of every container, undamaged and damaged.

use super::*;
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::symm::Cipher;
use openssl::x509::{X509, X509Builder};

const PASSWORD: &str = "opensesame";

fn from(bytes: &[u8], password: Option<&str>) -> Result<PrivateKey, String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let asked = || match password {
        Some(password) => Ok(Secret::from(std::ffi::OsString::from(password))),
        None => panic!("asked for a password of a file that has none"),
    };
    read(file.path(), asked).map_err(|error| format!("{error} / {}", error.advice().unwrap_or_default()))
}

fn rsa_key() -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap()
}

fn ec_key(curve: Nid) -> PKey<Private> {
    PKey::from_ec_key(EcKey::generate(&EcGroup::from_curve_name(curve).unwrap()).unwrap()).unwrap()
}

fn certificate(key: &PKey<Private>) -> X509 {
    let mut builder = X509Builder::new().unwrap();
    builder.set_pubkey(key).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    builder.sign(key, MessageDigest::sha256()).unwrap();
    builder.build()
}

fn pkcs12(key: &PKey<Private>, password: &str) -> Vec<u8> {
    Pkcs12::builder().pkey(key).cert(&certificate(key)).build2(password).unwrap().to_der().unwrap()
}

fn same(key: &PKey<Private>, read: &PrivateKey) {
    match read {
        PrivateKey::Rsa { exponent, modulus, prime } => {
            let rsa = key.rsa().unwrap();
            assert_eq!(*exponent, 65_537);
            assert_eq!(*modulus, rsa.n().to_vec());
            assert_eq!(**prime, rsa.q().unwrap().to_vec());
        }
        PrivateKey::Ec { curve, x, y, d } => {
            let ec = key.ec_key().unwrap();
            assert_eq!(u32::from(curve.bits()), key.bits());
            for part in [x, y, &**d] {
                assert_eq!(part.len(), curve.field_bytes());
            }
            assert_eq!(BigNum::from_slice(d).unwrap(), *ec.private_key());
        }
    }
}

#[test]
fn every_container_gives_the_key() {
    let cipher = Cipher::aes_128_cbc();
    for key in [rsa_key(), ec_key(Nid::X9_62_PRIME256V1), ec_key(Nid::SECP384R1), ec_key(Nid::SECP521R1)] {
        let plain = [
            key.private_key_to_pem_pkcs8().unwrap(),
            key.private_key_to_pkcs8().unwrap(),
            key.private_key_to_der().unwrap(),
            match key.rsa() {
                Ok(rsa) => rsa.private_key_to_pem().unwrap(),
                Err(_) => key.ec_key().unwrap().private_key_to_pem().unwrap(),
            },
            pkcs12(&key, ""),
        ];
        for bytes in plain {
            same(&key, &from(&bytes, None).unwrap_or_else(|error| panic!("{error}")));
        }
        let encrypted = [
            key.private_key_to_pem_pkcs8_passphrase(cipher, PASSWORD.as_bytes()).unwrap(),
            key.private_key_to_pkcs8_passphrase(cipher, PASSWORD.as_bytes()).unwrap(),
            match key.rsa() {
                Ok(rsa) => rsa.private_key_to_pem_passphrase(cipher, PASSWORD.as_bytes()).unwrap(),
                Err(_) => {
                    key.ec_key().unwrap().private_key_to_pem_passphrase(cipher, PASSWORD.as_bytes()).unwrap()
                }
            },
            pkcs12(&key, PASSWORD),
        ];
        for bytes in encrypted {
            same(&key, &from(&bytes, Some(PASSWORD)).unwrap_or_else(|error| panic!("{error}")));
            let error = from(&bytes, Some("wrong")).err().unwrap();
            assert!(error.contains("password is wrong"), "{error}");
        }
    }
}

#[test]
fn each_unsuitable_file_has_its_own_error() {
    let ec = ec_key(Nid::X9_62_PRIME256V1);
    let secp256k1 = ec_key(Nid::SECP256K1);
    let ed25519 = PKey::generate_ed25519().unwrap();
    let cases: [(Vec<u8>, &str); 10] = [
        (Vec::new(), "neither PEM nor DER"),
        (b"hello".to_vec(), "neither PEM nor DER"),
        (b"-----BEGIN TSS2 PRIVATE KEY-----\n".to_vec(), "already a TPM key file"),
        (
            b"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n".to_vec(),
            "OpenSSL cannot read it",
        ),
        (certificate(&ec).to_der().unwrap(), "certificate"),
        (certificate(&ec).to_pem().unwrap(), "contains no private key"),
        (ec.public_key_to_der().unwrap(), "public key"),
        (secp256k1.private_key_to_pkcs8().unwrap(), "no TPM supports its curve, secp256k1"),
        (ed25519.private_key_to_pkcs8().unwrap(), "neither"),
        (vec![0x30; 2 << 20], "longer than a megabyte"),
    ];
    for (bytes, why) in cases {
        let error = from(&bytes, None).err().unwrap();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn keys_with_inconsistent_numbers_are_refused() {
    let (one, other) = (Rsa::generate(2048).unwrap(), Rsa::generate(2048).unwrap());
    let own = |number: &openssl::bn::BigNumRef| number.to_owned().unwrap();
    let mixed = Rsa::from_private_components(
        own(one.n()),
        own(one.e()),
        own(one.d()),
        own(other.p().unwrap()),
        own(other.q().unwrap()),
        own(one.dmp1().unwrap()),
        own(one.dmq1().unwrap()),
        own(one.iqmp().unwrap()),
    );
    let error = from(&mixed.unwrap().private_key_to_der().unwrap(), None).err().unwrap();
    assert!(error.contains("two primes"), "{error}");
}

#[test]
fn damaged_files_never_panic() {
    let key = ec_key(Nid::X9_62_PRIME256V1);
    for whole in
        [key.private_key_to_pkcs8().unwrap(), key.private_key_to_pem_pkcs8().unwrap(), pkcs12(&key, "")]
    {
        for end in (0..whole.len()).step_by(7) {
            let _ = from(&whole[..end], Some(PASSWORD));
        }
    }
}
