//! What a TPM has made is accepted, in every format.

use attestation::certificates::{Certificate, Purpose, check_chain, check_ek};
use attestation::{Algorithms, Evidence, Expected, Report, Trust, acme, csr, verify, webauthn};
use keyfile::wire::Unmarshal;
use keyfile::{Public, PublicKey};

use crate::vectors::{TIME, authority, evidence, nonce, vector};

fn key_of(evidence: &Evidence) -> PublicKey {
    Public::from_bytes(&evidence.key).unwrap().key
}

fn verified(evidence: &Evidence) -> Report {
    let (roots, key, extra_data) = ([authority("ak").0], key_of(evidence), nonce());
    let expected = Expected {
        trust: Trust::Certificate { roots: &roots },
        extra_data: &extra_data,
        request: Some((&key, true)),
        identifier: None,
        time: TIME,
        algorithms: &Algorithms::default(),
    };
    verify(evidence, &expected)
}

#[test]
fn every_kind_of_key_and_signature_is_accepted() {
    let aks = ["ecdsa", "rsassa", "rsapss", "p384", "p521", "p521sha256", "rsassa384", "rsapss512"];
    let others = ["p384", "p521", "rsa3072"].map(|key| ("ecdsa", key));
    for (ak, key) in aks.into_iter().flat_map(|ak| [(ak, "p256"), (ak, "rsa2048")]).chain(others) {
        let report = verified(&evidence(ak, key));
        assert!(report.is_accepted(), "{ak} {key}: {:#?}", report.checks());
    }
}

#[test]
fn every_format_returns_the_evidence() {
    let in_acme = ["ecdsa", "rsassa", "p521sha256"].map(|ak| (ak, true));
    let not = ["rsapss", "p384", "p521", "rsassa384", "rsapss512"].map(|ak| (ak, false));
    for (ak, in_acme) in in_acme.into_iter().chain(not) {
        let sent = Evidence { signer: None, ..evidence(ak, "p256") };
        let object = webauthn::Object::new(&sent, b"authenticator data".to_vec()).unwrap();
        let read = webauthn::Object::read(&object.write()).unwrap();
        assert_eq!(read, object);
        assert!(verified(&read.evidence().unwrap()).is_accepted(), "{ak}");
        assert_eq!(acme::Object::new(&sent).is_ok(), in_acme, "{ak}");
        if in_acme {
            let object = acme::Object::new(&sent).unwrap();
            assert_eq!(acme::Object::read(&object.write()).unwrap().evidence().unwrap(), sent, "{ak}");
        }
        let bundle = csr::bundle(&sent, &[]).unwrap();
        assert_eq!(csr::evidence(&bundle).unwrap(), sent, "{ak}");
    }
}

#[test]
fn chains_of_swtpm_setup_are_valid() {
    let (root, issuer) = authority("swtpm");
    for name in ["rsa", "p384"] {
        let certificate = vector("ek", &[("name", name)]).bytes("certificate");
        check_ek(&Certificate::parse(&certificate).unwrap()).unwrap();
        let chain = [certificate, issuer.clone()];
        check_chain(&chain, std::slice::from_ref(&root), TIME, Purpose::Endorsement).unwrap();
        check_chain(&chain, &[authority("other").0], TIME, Purpose::Endorsement).unwrap_err();
    }
}

#[test]
fn chains_with_every_strong_algorithm_are_valid() {
    let valid = |root: &str, way: &str| {
        let signed = vector("signed", &[("root", root), ("way", way)]).bytes("certificate");
        let root = vector("root", &[("name", root)]).bytes("certificate");
        check_chain(&[signed], &[root], TIME, Purpose::Attestation).is_ok()
    };
    for root in ["p256", "p384", "p521", "rsa2048", "rsa4096"] {
        let pss = if root.starts_with("rsa") { &["pss256", "pss384", "pss512"][..] } else { &[] };
        for way in ["sha256", "sha384", "sha512"].iter().chain(pss) {
            assert!(valid(root, way), "{root} {way}");
        }
    }
    assert!(!valid("rsa1024", "sha256") && !valid("rsa1024", "pss256"), "too short");
    assert!(!valid("ed25519", "ed25519"), "no TPM has Ed25519 keys, and no authority of TPMs uses it");
}
