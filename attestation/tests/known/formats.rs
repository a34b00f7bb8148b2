//! Attestation objects and files with one fault each are refused when they are read.

use attestation::{Evidence, Malformed, acme, tpm2, webauthn};
use ciborium::Value;
use keyfile::wire::Marshal;
use keyfile::{HashAlg, Signature};

use crate::vectors::evidence;

type Change = fn(&mut Vec<(Value, Value)>);

/// What is changed in the object, and the problem that is reported.
const OBJECT: &[(Change, &str)] = &[
    (|map| *at(map, "fmt") = "packed".into(), "its format is packed, not tpm"),
    (|map| *at(map, "fmt") = 1.into(), "fmt is not a text"),
    (|map| drop(map.remove(0)), "fmt is missing"),
    (|map| *at(map, "attStmt") = Value::Null, "the attStmt cannot be read: it is not a map"),
    (|map| map.retain(|(key, _)| key.as_text() != Some("attStmt")), "attStmt is missing"),
    (|map| map.push(("authData".into(), 1.into())), "authData is not a byte string"),
    (|map| map.push(("fmt".into(), "tpm".into())), "the key fmt is repeated"),
    (|map| map.push((1.into(), 1.into())), "a key is not a text"),
];

/// What is changed in the statement, and the problem that is reported.
const STATEMENT: &[(Change, &str)] = &[
    (|map| *at(map, "ver") = "1.2".into(), "its version is 1.2, not 2.0"),
    (|map| *at(map, "ver") = Value::Null, "ver is not a text"),
    (|map| *at(map, "alg") = "ES256".into(), "alg is not a number"),
    (|map| *at(map, "sig") = Value::Null, "sig is not a byte string"),
    (|map| *at(map, "x5c") = Value::Array(vec![]), "x5c is not a list of byte strings"),
    (|map| *at(map, "x5c") = Value::Bytes(vec![]), "x5c is not a list of byte strings"),
    (|map| *at(map, "x5c") = Value::Array(vec!["x".into()]), "x5c is not a list of byte strings"),
    (|map| *at(map, "pubArea") = "x".into(), "pubArea is not a byte string"),
    (|map| *at(map, "certInfo") = Value::Array(vec![]), "certInfo is not a byte string"),
    (|map| map.push(("alg".into(), 1.into())), "the key alg is repeated"),
];

/// Values that are read, but are no evidence, and the problem that both formats report.
const EVIDENCE: &[(Change, &str)] = &[
    (|map| *at(map, "sig") = Value::Bytes(vec![]), "signature"),
    (|map| *at(map, "sig") = Value::Bytes(vec![0x30, 0]), "signature"),
    (|map| *at(map, "alg") = (-8).into(), "alg -8 is not"),
    (|map| *at(map, "alg") = 0.into(), "alg 0 is not"),
];

fn at<'a>(map: &'a mut [(Value, Value)], key: &str) -> &'a mut Value {
    let entry = map.iter_mut().find(|(known, _)| known.as_text() == Some(key));
    &mut entry.unwrap_or_else(|| panic!("no {key}")).1
}

fn changed(object: &[u8], in_statement: bool, change: Change) -> Vec<u8> {
    let mut value: Value = ciborium::from_reader(object).unwrap();
    let Value::Map(map) = &mut value else { panic!("no map") };
    match in_statement {
        false => change(map),
        true => change(at(map, "attStmt").as_map_mut().unwrap()),
    }
    let mut bytes = Vec::new();
    ciborium::into_writer(&value, &mut bytes).unwrap();
    bytes
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, Malformed>, problem: &str) {
    let text = result.unwrap_err().to_string();
    assert!(text.contains(problem) && text.contains(" cannot be read: "), "{text} instead of {problem}");
}

fn sent() -> Evidence {
    Evidence { signer: None, ..evidence("ecdsa", "p256") }
}

#[test]
fn malformed_objects_are_refused() {
    let object = acme::Object::new(&sent()).unwrap().write();
    for (in_statement, (change, problem)) in
        OBJECT.iter().map(|case| (false, case)).chain(STATEMENT.iter().map(|case| (true, case)))
    {
        let bytes = changed(&object, in_statement, *change);
        refused(acme::Object::read(&bytes), problem);
        refused(webauthn::Object::read(&bytes), problem);
    }
    for length in 0..object.len() {
        refused(acme::Object::read(&object[..length]), "it is not CBOR");
    }
    refused(acme::Object::read(&[&object[..], &[0]].concat()), "1 bytes follow it");
}

#[test]
fn objects_without_a_signature_of_their_algorithm_are_refused() {
    let acme_object = acme::Object::new(&sent()).unwrap().write();
    let object = webauthn::Object::new(&sent(), Vec::new()).unwrap().write();
    for (change, problem) in EVIDENCE {
        refused(acme::Object::read(&changed(&acme_object, true, *change)).unwrap().evidence(), problem);
        refused(webauthn::Object::read(&changed(&object, true, *change)).unwrap().evidence(), problem);
    }
    // The signature is one with ECDSA, but alg is RS256.
    let bytes = changed(&acme_object, true, |map| *at(map, "alg") = (-257).into());
    refused(acme::Object::read(&bytes).unwrap().evidence(), "alg is not the scheme of the signature");
    for signature in [Signature::Null, Signature::Hmac { hash: HashAlg::Sha256, digest: vec![0; 32] }] {
        refused(acme::Object::new(&Evidence { signature: signature.clone(), ..sent() }), "COSE number");
        refused(
            webauthn::Object::new(&Evidence { signature: signature.clone(), ..sent() }, vec![]),
            "bare form",
        );
        let mut object = acme::Object::new(&sent()).unwrap();
        object.statement.sig = signature.to_bytes().unwrap();
        refused(object.evidence(), "alg is not the scheme");
    }
    refused(acme::Object::new(&Evidence { signer_chain: vec![], ..sent() }), "has no certificate");
}

#[test]
fn nonces_are_hashes() {
    let object = webauthn::Object::new(&evidence("p384", "p256"), b"data".to_vec()).unwrap();
    assert_eq!(object.extra_data(&[7; 32]).unwrap(), HashAlg::Sha384.digest(&[b"data", &[7; 32]]));
    let mut unknown = object;
    unknown.statement.alg = 1;
    assert!(unknown.extra_data(&[7; 32]).is_err());
    assert_eq!(acme::extra_data("token.thumbprint"), HashAlg::Sha256.digest(&[b"token.thumbprint"]));
}

#[test]
fn files_of_tpm2_tools_are_read_with_and_without_sizes() {
    let whole = Evidence { signer_chain: vec![], ..evidence("rsassa", "rsa2048") };
    let sized = |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
    let (signature, signer) = (whole.signature.to_bytes().unwrap(), whole.signer.clone().unwrap());
    let (key, signer) = (sized(&whole.key), sized(&signer));
    for attest in [whole.statement.clone(), sized(&whole.statement)] {
        assert_eq!(tpm2::evidence(&attest, &signature, &key, Some(&signer)).unwrap(), whole);
        let without = tpm2::evidence(&attest, &signature, &key, None).unwrap();
        assert_eq!(without, Evidence { signer: None, ..whole.clone() });
    }
    let attest = &whole.statement;
    refused(tpm2::evidence(attest, &signature[..9], &key, None), "the signature");
    refused(tpm2::evidence(attest, &signature, &whole.key, None), "public area of the key");
    refused(tpm2::evidence(attest, &signature, &[], None), "public area of the key");
    refused(tpm2::evidence(attest, &signature, &key, Some(&signer[1..])), "of the attestation key");
}
