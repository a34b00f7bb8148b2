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
    for ak in ["ecdsa", "rsassa", "rsapss"] {
        for key in ["p256", "rsa2048"] {
            let report = verified(&evidence(ak, key));
            assert!(report.is_accepted(), "{ak} {key}: {:#?}", report.checks());
        }
    }
}

#[test]
fn every_format_returns_the_evidence() {
    for (ak, in_acme) in [("ecdsa", true), ("rsassa", true), ("rsapss", false)] {
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
