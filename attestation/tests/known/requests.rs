//! Requests for certificates: what is written is read, and everything else is refused.

use attestation::csr::{self, Request};
use attestation::{Evidence, Malformed};
use der::asn1::{Any, BitString};
use der::{Decode, Encode};
use keyfile::HashAlg;
use p256::elliptic_curve::rand_core::{self, CryptoRng, RngCore};
use x509_cert::spki::{AlgorithmIdentifierOwned, ObjectIdentifier, SubjectPublicKeyInfoOwned};

use crate::vectors::{evidence, vector};

/// /CN=host, and no name
const SUBJECT: &str = "300f310d300b06035504030c04686f7374";
const NAMELESS: &str = "3000";
/// The attribute challengePassword with the value x.
const OTHER: &str = "301006092a864886f70d01090731030c0178";

/// Returns a request with the evidence, signed by a new key on the curve of this crate, with this hash.
macro_rules! request {
    ($curve:ident, $oid:literal, $hash:expr, $algorithm:literal, $subject:expr, $bundle:expr) => {{
        use $curve::ecdsa::signature::hazmat::RandomizedPrehashSigner;
        let size = $curve::FieldBytes::default().len();
        let mut scalar = vec![0; size];
        scalar[size - 1] = 7;
        let key = $curve::ecdsa::SigningKey::from_slice(&scalar).unwrap();
        let point = $curve::ecdsa::VerifyingKey::from(&key).to_encoded_point(false);
        let content = csr::to_be_signed(
            &hex::decode($subject).unwrap(),
            &spki($oid, point.as_bytes()),
            Some($bundle),
            &[hex::decode(OTHER).unwrap()],
        )
        .unwrap();
        // The crate refuses a digest that is shorter than half the curve, but not the same number with leading zeros.
        let digest = $hash.digest(&[&content]);
        let digest = [vec![0; size.saturating_sub(digest.len())], digest].concat();
        let signature: $curve::ecdsa::Signature = key.sign_prehash_with_rng(&mut Counter(1), &digest).unwrap();
        let (r, s) = signature.split_bytes();
        let signature = keyfile::Signature::Ecc {
            scheme: keyfile::AlgId::ECDSA,
            hash: $hash,
            r: r.to_vec(),
            s: s.to_vec(),
        };
        let signature = attestation::signature::to_bare(&signature).unwrap();
        csr::assemble(&content, &algorithm($algorithm, None), &signature).unwrap()
    }};
}

/// Counts: a test needs no secret numbers.
struct Counter(u8);

impl RngCore for Counter {
    fn next_u32(&mut self) -> u32 {
        rand_core::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        rand_core::impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        bytes.fill(self.0);
        self.0 += 1;
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Counter {}

fn algorithm(oid: &str, parameters: Option<&str>) -> Vec<u8> {
    identifier(oid, parameters).to_der().unwrap()
}

fn identifier(oid: &str, parameters: Option<&str>) -> AlgorithmIdentifierOwned {
    let parameters = parameters.map(|oid| Any::from(ObjectIdentifier::new(oid).unwrap()));
    AlgorithmIdentifierOwned { oid: ObjectIdentifier::new(oid).unwrap(), parameters }
}

fn spki(curve: &str, point: &[u8]) -> Vec<u8> {
    let algorithm = identifier("1.2.840.10045.2.1", Some(curve));
    let subject_public_key = BitString::from_bytes(point).unwrap();
    SubjectPublicKeyInfoOwned { algorithm, subject_public_key }.to_der().unwrap()
}

fn sent() -> Evidence {
    Evidence { signer: None, ..evidence("ecdsa", "p256") }
}

fn on_p256(bundle: &[u8]) -> Vec<u8> {
    request!(p256, "1.2.840.10045.3.1.7", HashAlg::Sha256, "1.2.840.10045.4.3.2", SUBJECT, bundle)
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, Malformed>, problem: &str) {
    let text = result.unwrap_err().to_string();
    assert!(text.contains(problem), "{text} instead of {problem}");
}

#[test]
fn requests_on_each_curve_are_read() {
    let bundle = csr::bundle(&sent(), &[]).unwrap();
    let read = |request: &[u8], name: Option<&str>| {
        let read = Request::read(request).unwrap();
        assert!(read.is_signed);
        assert_eq!((read.common_name.as_deref(), read.evidence), (name, sent()));
    };
    read(&on_p256(&bundle), Some("host"));
    for (subject, name) in [(SUBJECT, Some("host")), (NAMELESS, None)] {
        read(&request!(p384, "1.3.132.0.34", HashAlg::Sha384, "1.2.840.10045.4.3.3", subject, &bundle), name);
        read(&request!(p521, "1.3.132.0.35", HashAlg::Sha512, "1.2.840.10045.4.3.4", subject, &bundle), name);
        read(&request!(p521, "1.3.132.0.35", HashAlg::Sha256, "1.2.840.10045.4.3.2", subject, &bundle), name);
    }
}

#[test]
fn changed_requests_are_not_signed_or_not_read() {
    let request = on_p256(&csr::bundle(&sent(), &[]).unwrap());
    let mut changed = request.clone();
    let at = changed.windows(4).position(|part| part == b"host").unwrap();
    changed[at] = b'm';
    let read = Request::read(&changed).unwrap();
    assert_eq!((read.is_signed, read.common_name.as_deref()), (false, Some("most")));
    // The algorithm ecdsa-with-SHA1, which is too weak.
    let weak = algorithm("1.2.840.10045.4.1", None);
    let content = csr::to_be_signed(
        &hex::decode(SUBJECT).unwrap(),
        &spki("1.2.840.10045.3.1.7", &point()),
        Some(&csr::bundle(&sent(), &[]).unwrap()),
        &[],
    );
    let request_ = csr::assemble(&content.unwrap(), &weak, &[0x30, 0]).unwrap();
    assert!(!Request::read(&request_).unwrap().is_signed);
    for length in (0..request.len()).step_by(7) {
        refused(Request::read(&request[..length]), "the request cannot be read");
    }
    refused(Request::read(&[&request[..], &[0]].concat()), "the request cannot be read");
}

/// Returns the point of the key that signs the requests.
fn point() -> Vec<u8> {
    let mut scalar = [0; 32];
    scalar[31] = 7;
    let key = p256::ecdsa::SigningKey::from_slice(&scalar).unwrap();
    p256::ecdsa::VerifyingKey::from(&key).to_encoded_point(false).as_bytes().to_vec()
}

#[test]
fn requests_need_exactly_one_attestation() {
    const NONE: &str = "it does not have exactly one attestation attribute";
    let bundle = csr::bundle(&sent(), &[]).unwrap();
    let attribute = |values: &[u8]| {
        let oid = hex::decode("060b2a864886f70d010910023b").unwrap();
        tlv(0x30, &[oid, tlv(0x31, values)].concat())
    };
    // The attestation attribute itself is among the other attributes.
    let with = |others: &[Vec<u8>]| {
        let subject = hex::decode(SUBJECT).unwrap();
        let content =
            csr::to_be_signed(&subject, &spki("1.2.840.10045.3.1.7", &point()), Some(&bundle), others)?;
        csr::assemble(&content, &algorithm("1.2.840.10045.4.3.2", None), &[0x30, 0])
    };
    assert!(Request::read(&with(&[]).unwrap()).is_ok());
    let second = tlv(0x30, &[0x05, 0x00]);
    refused(Request::read(&with(&[attribute(&second)]).unwrap()), NONE);
    refused(with(&[vec![0x30, 0]]), "the request cannot be read");
    refused(csr::assemble(&[0x30, 0], &algorithm("1.2.840.10045.4.3.2", None), &[]), "the request");
    // Another bundle in its place.
    refused(Request::read(&on_p256(&[0x30, 0])), "it is no AttestationBundle");
}

#[test]
fn bundles_need_exactly_one_statement_with_a_public_area() {
    let bundle = csr::bundle(&sent(), &[]).unwrap();
    let parts = elements(&contents(&bundle));
    let (statement, certificates) = (elements(&contents(&parts[0])).remove(0), parts[1].clone());
    let whole = |statements: &[u8], rest: &[u8]| tlv(0x30, &[tlv(0x30, statements), rest.to_vec()].concat());
    assert_eq!(whole(&statement, &certificates), bundle);
    const COUNT: &str = "it does not contain exactly one statement of a TPM";
    // A statement of another type is ignored.
    let other = tlv(0x30, &hex::decode("06032a03040500").unwrap());
    let both = [&statement[..], &other].concat();
    assert_eq!(csr::evidence(&whole(&both, &certificates)).unwrap(), sent());
    refused(csr::evidence(&whole(&other, &certificates)), COUNT);
    refused(csr::evidence(&whole(&[&statement[..], &statement].concat(), &certificates)), COUNT);
    refused(csr::evidence(&whole(&[], &certificates)), "it is no AttestationBundle");
    refused(csr::evidence(&whole(&statement, &tlv(0x30, &[]))), "it is no AttestationBundle");
    // It is one SEQUENCE of two elements, and nothing follows.
    let rest = [&certificates[..], &tlv(4, &[])].concat();
    for more in [
        [&bundle[..], &[0]].concat(),
        [&bundle[..], &bundle].concat(),
        tlv(0x31, &contents(&bundle)),
        contents(&bundle),
        tlv(0x30, &bundle),
        whole(&statement, &rest),
    ] {
        refused(csr::evidence(&more), "it is no AttestationBundle");
    }
    let none = Evidence { signer_chain: vec![], ..sent() };
    assert_eq!(csr::evidence(&whole(&statement, &[])).unwrap(), none);
    // Certificates in other formats are tagged.
    let tagged = tlv(0x30, &[tlv(0xa3, &[]), contents(&certificates)].concat());
    assert_eq!(csr::evidence(&whole(&statement, &tagged)).unwrap(), sent());
    // The statement: its type, TPMS_ATTEST, signature, and the public area, which is optional in the format.
    let fields = elements(&contents(&statement));
    let certify = elements(&contents(&fields[1]));
    let with = |fields_: &[Vec<u8>]| {
        whole(&tlv(0x30, &[fields[0].clone(), tlv(0x30, &fields_.concat())].concat()), &certificates)
    };
    assert_eq!(with(&certify), bundle);
    refused(csr::evidence(&with(&certify[..2])), "the public area of the key is missing");
    refused(csr::evidence(&with(&certify[..1])), "its statement is not that of TPM2_Certify");
    let damaged = [certify[0].clone(), tlv(4, &[0, 1]), certify[2].clone()];
    refused(csr::evidence(&with(&damaged)), "the signature cannot be read");
    refused(csr::bundle(&sent(), &[vec![0x30]]), "a certificate is not DER");
}

#[test]
fn the_certificate_of_the_attestation_key_is_found_in_any_order() {
    let ek = vector("ek", &[("name", "p384")]).bytes("certificate");
    let chain = sent().signer_chain;
    let shuffled = vec![ek.clone(), chain[1].clone(), chain[0].clone()];
    let read =
        csr::evidence(&csr::bundle(&Evidence { signer_chain: shuffled, ..sent() }, &[]).unwrap()).unwrap();
    assert_eq!(read.signer_chain, [chain[0].clone(), ek.clone(), chain[1].clone()]);
    // Without it, the order is that of the bundle.
    let others = Evidence { signer_chain: vec![], ..sent() };
    let read = csr::evidence(&csr::bundle(&others, &[ek.clone(), chain[1].clone()]).unwrap()).unwrap();
    assert_eq!(read.signer_chain, [ek, chain[1].clone()]);
}

fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = u32::try_from(contents.len()).unwrap().to_be_bytes();
    let length = match contents.len() {
        ..0x80 => vec![length[3]],
        0x80..0x100 => vec![0x81, length[3]],
        _ => vec![0x82, length[2], length[3]],
    };
    [vec![tag], length, contents.to_vec()].concat()
}

fn contents(der: &[u8]) -> Vec<u8> {
    Any::from_der(der).unwrap().value().to_vec()
}

/// Splits DER into its elements.
fn elements(mut der: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while !der.is_empty() {
        let header =
            der::SliceReader::new(der).and_then(|mut reader| der::Header::decode(&mut reader)).unwrap();
        let length = (header.encoded_len().unwrap() + header.length).unwrap();
        let (element, rest) = der.split_at(usize::try_from(length).unwrap());
        all.push(element.to_vec());
        der = rest;
    }
    all
}
