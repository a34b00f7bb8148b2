//! What a client sends to a CA: evidence in each format, requests, credentials and certificates.
//!
//! The first byte chooses the format. Evidence that is read is written again, and verified for the authority of the seeds: if it is
//! accepted, a TPM must have signed that statement about that key.

use attestation::certificates::{Certificate, check_ak, check_ek, from_index};
use attestation::credential::{from_file, to_file};
use attestation::{Algorithms, Evidence, Expected, Trust, acme, csr, verify, webauthn};
use keyfile::wire::Unmarshal;
use keyfile::{Name, Public};

mod vectors;

use vectors::{TIME, known};

/// Returns evidence of several types of keys in each format, certificates and credentials, each after the byte that chooses its format.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let mut seed = |format: u8, bytes: &[u8]| seeds.push([&[format], bytes].concat());
    for evidence in &known().evidence {
        if let Ok(object) = webauthn::Object::new(evidence, b"authenticator data".to_vec()) {
            seed(0, &object.write());
        }
        if let Ok(object) = acme::Object::new(evidence) {
            seed(1, &object.write());
        }
        seed(2, &csr::bundle(evidence, &[]).expect("a bundle"));
        seed(4, &vectors::files(evidence));
    }
    known().requests.iter().for_each(|request| seed(3, request));
    known().certificates.iter().for_each(|certificate| seed(5, certificate));
    seed(5, &[&known().certificates[0][..], &[0xff; 20]].concat());
    known().credentials.iter().for_each(|credential| seed(6, credential));
    seeds
}

/// Reads the bytes in the format that the first byte chooses.
pub fn run(data: &[u8]) {
    let Some((format, bytes)) = data.split_first() else { return };
    let problem = match format % 7 {
        0 => webauthn::Object::read(bytes).and_then(|object| {
            assert_eq!(webauthn::Object::read(&object.write()).expect("what was written is read"), object);
            object.evidence().map(|evidence| verified(&evidence))
        }),
        1 => acme::Object::read(bytes).and_then(|object| {
            assert_eq!(acme::Object::read(&object.write()).expect("what was written is read"), object);
            object.evidence().map(|evidence| verified(&evidence))
        }),
        2 => csr::evidence(bytes).map(|evidence| {
            assert_one_sequence(bytes);
            verified(&evidence);
        }),
        3 => csr::Request::read(bytes).map(|request| {
            assert_one_sequence(bytes);
            verified(&request.evidence);
        }),
        4 => vectors::from_files(bytes).map(|evidence| verified(&evidence)),
        5 => from_index(bytes).and_then(Certificate::parse).map(|certificate| {
            for problem in
                [check_ak(&certificate), check_ek(&certificate)].into_iter().filter_map(Result::err)
            {
                assert!(!problem.is_empty());
            }
        }),
        _ => from_file(bytes).map(|credential| {
            assert_eq!(to_file(&credential).expect("what was read is written"), bytes);
        }),
    };
    if let Err(problem) = problem {
        assert!(!problem.to_string().is_empty());
    }
}

/// Checks that nothing follows the SEQUENCE. The bytes are not written again: a bundle may contain other statements and certificates, which
/// are not read.
fn assert_one_sequence(bytes: &[u8]) {
    assert_eq!(from_index(bytes).expect("it begins like DER"), bytes);
}

/// Checks that the evidence is written without a change, and refused unless a TPM has made it.
fn verified(evidence: &Evidence) {
    let without_signer = Evidence { signer: None, ..evidence.clone() };
    if let Ok(bundle) = csr::bundle(evidence, &[]) {
        assert_eq!(csr::evidence(&bundle).expect("what was written is read"), without_signer);
    }
    let recorded = evidence.signer.as_deref().and_then(|area| Public::from_bytes(area).ok()?.name().ok());
    let recorded =
        recorded.filter(|name| known().signers.contains(name)).unwrap_or_else(|| Name::from(&[][..]));
    let trusts = [Trust::Certificate { roots: &known().roots }, Trust::Recorded(&recorded)];
    for trust in trusts {
        let expected = Expected {
            trust,
            extra_data: &known().nonce,
            request: None,
            identifier: None,
            time: TIME,
            algorithms: &Algorithms::default(),
        };
        let report = verify(evidence, &expected);
        let same = |known: &Evidence| known.statement == evidence.statement && known.key == evidence.key;
        assert!(
            !report.is_accepted() || known().evidence.iter().any(same),
            "a forgery is accepted: {:#?}",
            report.checks()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without this, a target that refuses everything would find no forgery.
    #[test]
    fn seeds_are_accepted() {
        for evidence in &known().evidence {
            let expected = Expected {
                trust: Trust::Certificate { roots: &known().roots },
                extra_data: &known().nonce,
                request: None,
                identifier: None,
                time: TIME,
                algorithms: &Algorithms::default(),
            };
            let report = verify(evidence, &expected);
            assert!(report.is_accepted(), "{:#?}", report.checks());
        }
    }
}
