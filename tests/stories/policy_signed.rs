//! A signer's later policies unlock a key.

use keyfile::policy::{AuthPolicy, Authorize, Condition, digest};
use keyfile::{AlgId, HashAlg, KeyFile, Signature};
use tests::raw::Tpm as _;

use crate::machine::Machine;
use crate::policy::EXTEND;

/// Adds a policy, signed by stock openssl, before a key's other signed policies.
fn approve(machine: &Machine, key: &str, signer: &str, name: &str, conditions: &[Condition]) {
    let mut file = KeyFile::parse(&machine.openssl.read(key)).unwrap();
    let Ok(Condition::Authorize(place)) = file.policy.as_ref().unwrap()[0].condition() else {
        panic!("no PolicyAuthorize statement")
    };
    let mut statements: Vec<_> = conditions.iter().map(|condition| condition.statement().unwrap()).collect();
    let approved = digest(&statements, file.public.name_alg).unwrap();
    machine.openssl.write("approved", [approved.as_slice(), &place.policy_ref].concat());
    machine.openssl.without_tpm2().ok(&format!("dgst -sha256 -sign {signer} -out approved.sig approved"));
    let bytes = machine.openssl.read("approved.sig");
    let signature = Signature::Rsa { scheme: AlgId::RSASSA, hash: HashAlg::Sha256, bytes };
    let authorize = Authorize { signature, ..*place };
    statements.push(Condition::Authorize(Box::new(authorize)).statement().unwrap());
    file.auth_policies.insert(0, AuthPolicy { name: Some(name.into()), statements });
    machine.openssl.write(key, file.to_file().unwrap());
}

/// The condition of a PCR lock to the current values.
fn now(machine: &Machine, spec: &str) -> Condition {
    machine.key("lock", &format!("-e P-256 -x {spec}"));
    KeyFile::parse(&machine.openssl.read("lock")).unwrap().policy.unwrap()[0].condition().unwrap()
}

#[test]
fn a_key_signs_under_any_policy_that_its_signer_signed() {
    let machine = Machine::new();
    let stock = machine.openssl.without_tpm2();
    for signer in ["signer", "other"] {
        stock.ok(&format!("genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out {signer}"));
        stock.ok(&format!("pkey -in {signer} -pubout -out {signer}.public"));
    }
    machine.key("key", "-e P-256 -k secret --signed-policy signer.public");
    let sign = "-passin pass:secret";
    machine.refuses("key", sign).says("no policy was signed for the key yet");
    approve(&machine, "key", "signer", "before", &[now(&machine, "16"), Condition::Locality(1)]);
    machine.signs_with("key", "secret");
    machine.others(EXTEND);
    machine.refuses("key", sign).says("signed policy 1 (\"before\")").says("PCR 16 (sha256) has changed");
    approve(&machine, "key", "signer", "after", &[now(&machine, "16")]);
    machine.signs_with("key", "secret");
    machine.refuses("key", "-passin pass:wrong").says("the TPM refused the password");
    machine.refuses("key", "").says("the key needs a password");
    // The older policy holds again, although the newer one is tried first.
    machine.others("tpm2_pcrreset 16");
    machine.signs_with("key", "secret");
    machine.others(EXTEND);
    machine.others(EXTEND);
    let refused = machine.refuses("key", sign).says("none of 2 signed policies passes");
    refused.says("signed policy 1 (\"after\")").says("signed policy 2 (\"before\")");
    // A policy signed by another key, and a policy signed for another object.
    approve(&machine, "key", "other", "forged", &[Condition::Locality(1)]);
    machine
        .refuses("key", sign)
        .says("signed policy 1 (\"forged\")")
        .says("the signature of the policy is wrong");
    machine.key("another", "-e P-256 -k secret --signed-policy signer.public");
    approve(&machine, "another", "signer", "any", &[Condition::Locality(1)]);
    machine.signs_with("another", "secret");
    let another = KeyFile::parse(&machine.openssl.read("another")).unwrap();
    let mut file = KeyFile::parse(&machine.openssl.read("key")).unwrap();
    file.auth_policies = another.auth_policies;
    machine.openssl.write("key", file.to_file().unwrap());
    machine.refuses("key", sign).says("do not lead to the policy of the key");
    machine.tpm.assert_empty();
}
