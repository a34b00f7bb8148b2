//! Reads tests/vectors/swtpm.txt, which tests/vectors/make.py made with a TPM simulator.

use std::collections::BTreeMap;

use attestation::Evidence;
use keyfile::Signature;
use keyfile::wire::Unmarshal;

/// 2026-12-01
pub(crate) const TIME: u64 = 1_796_083_200;

/// One line: a kind, then `name=value`.
pub(crate) struct Vector(BTreeMap<&'static str, &'static str>);

/// Returns the vector of a kind with these values.
pub(crate) fn vector(kind: &str, values: &[(&str, &str)]) -> Vector {
    let lines = include_str!("../vectors/swtpm.txt").lines();
    let of_kind = lines.filter(|line| line.split(' ').next() == Some(kind));
    let parsed =
        of_kind.map(|line| Vector(line.split(' ').filter_map(|field| field.split_once('=')).collect()));
    let mut found =
        parsed.filter(|vector| values.iter().all(|(name, value)| vector.0.get(name) == Some(value)));
    found.next().unwrap_or_else(|| panic!("no {kind} with {values:?}"))
}

impl Vector {
    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        hex::decode(self.0.get(name).unwrap_or_else(|| panic!("no {name}"))).unwrap()
    }
}

pub(crate) fn nonce() -> Vec<u8> {
    vector("nonce", &[]).bytes("value")
}

/// Returns the root and the intermediate authority of a chain.
pub(crate) fn authority(of: &str) -> (Vec<u8>, Vec<u8>) {
    let chain = vector("chain", &[("of", of)]);
    (chain.bytes("root"), chain.bytes("issuer"))
}

/// Returns what the attestation key `ak` of the simulator says about its key `key`, with the certificate and the public area of the
/// attestation key.
pub(crate) fn evidence(ak: &str, key: &str) -> Evidence {
    let certify = vector("certify", &[("ak", ak), ("key", key)]);
    let signer = vector("ak", &[("name", ak)]);
    Evidence {
        statement: certify.bytes("attest"),
        signature: Signature::from_bytes(&certify.bytes("signature")).unwrap(),
        key: certify.bytes("public"),
        signer: Some(signer.bytes("public")),
        signer_chain: vec![signer.bytes("certificate"), authority("ak").1],
    }
}
