//! The evidence that the tests of `attestation` verify: a TPM simulator has made it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use attestation::credential::{Challenge, to_file};
use attestation::{Evidence, Malformed, csr, tpm2};
use keyfile::wire::{Marshal, Unmarshal};
use keyfile::{Name, Public, Signature};

/// 2026-12-01
pub(super) const TIME: u64 = 1_796_083_200;

/// A subject, a P-256 key, and the algorithm ecdsa-with-SHA256, in DER.
const SUBJECT: &str = "300f310d300b06035504030c04686f7374";
const KEY: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
const ALGORITHM: &str = "300a06082a8648ce3d040302";

/// What the seeds are made of.
pub(super) struct Known {
    pub(super) nonce: Vec<u8>,
    pub(super) roots: Vec<Vec<u8>>,
    pub(super) evidence: Vec<Evidence>,
    pub(super) signers: Vec<Name>,
    pub(super) certificates: Vec<Vec<u8>>,
    pub(super) requests: Vec<Vec<u8>>,
    pub(super) credentials: Vec<Vec<u8>>,
}

/// Returns the evidence of keys that are in the TPM, and all that belongs to it.
pub(super) fn known() -> &'static Known {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let lines: Vec<Line> = include_str!("../../../../attestation/tests/vectors/swtpm.txt")
            .lines()
            .map(Line::parse)
            .collect();
        let of = |kind: &'static str| lines.iter().filter(move |line| line.kind == kind);
        let authority = of("chain").find(|line| line.fields["of"] == "ak").expect("the authority");
        let signer = |name: &str| of("ak").find(|line| line.fields["name"] == name).expect("its signer");
        let evidence = of("certify").filter(|line| {
            let (key, ak) = (line.fields["key"], line.fields["ak"]);
            ak != "unrestricted" && !["migratable", "restricted", "software"].contains(&key)
        });
        let evidence: Vec<Evidence> = evidence
            .map(|line| Evidence {
                statement: line.bytes("attest"),
                signature: Signature::from_bytes(&line.bytes("signature")).expect("its signature"),
                key: line.bytes("public"),
                signer: Some(signer(line.fields["ak"]).bytes("public")),
                signer_chain: vec![signer(line.fields["ak"]).bytes("certificate"), authority.bytes("issuer")],
            })
            .collect();
        let names = of("ak").map(|line| Public::from_bytes(&line.bytes("public")).expect("an area").name());
        let signers: Vec<Name> = names.map(|name| name.expect("a Name")).collect();
        let certificates = ["ak-variant", "ek-variant", "device", "ek"].into_iter().flat_map(of);
        let endorsement =
            of("ek").map(|line| Public::from_bytes(&line.bytes("public")).expect("an area").key);
        let credential = |key| Challenge::new(&key, &signers[0]).expect("a challenge").1;
        Known {
            nonce: of("nonce").next().expect("the nonce").bytes("value"),
            roots: vec![authority.bytes("root")],
            requests: evidence.iter().take(3).map(request).collect(),
            credentials: endorsement.map(|key| to_file(&credential(key)).expect("a file")).collect(),
            certificates: certificates.map(|line| line.bytes("certificate")).collect(),
            evidence,
            signers,
        }
    })
}

/// Returns a request with the evidence. Its own signature is wrong.
fn request(evidence: &Evidence) -> Vec<u8> {
    let [subject, key, algorithm] = [SUBJECT, KEY, ALGORITHM].map(|hex| hex::decode(hex).expect("hex"));
    let bundle = csr::bundle(evidence, &[]).expect("a bundle");
    let content = csr::to_be_signed(&subject, &key, Some(&bundle), &[]).expect("a request");
    csr::assemble(&content, &algorithm, &[0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01]).expect("a request")
}

/// Returns the files of tpm2-tools, each after its size.
pub(super) fn files(evidence: &Evidence) -> Vec<u8> {
    let area = |area: &[u8]| [&u16::try_from(area.len()).expect("a size").to_be_bytes(), area].concat();
    let signer = evidence.signer.as_deref().expect("its area");
    let signature = evidence.signature.to_bytes().expect("its signature");
    [evidence.statement.clone(), signature, area(&evidence.key), area(signer)]
        .map(|file| area(&file))
        .concat()
}

/// Reads such files; what is missing is empty.
pub(super) fn from_files(mut bytes: &[u8]) -> Result<Evidence, Malformed> {
    let [attest, signature, key, signer] = [(); 4].map(|()| {
        let (size, rest) = bytes.split_first_chunk().unwrap_or((&[0, 0], bytes));
        let (file, rest) = rest.split_at(usize::from(u16::from_be_bytes(*size)).min(rest.len()));
        bytes = rest;
        file
    });
    tpm2::evidence(attest, signature, key, Some(signer))
}

/// A line of the file: a kind, then `name=value`.
struct Line {
    kind: &'static str,
    fields: BTreeMap<&'static str, &'static str>,
}

impl Line {
    fn parse(line: &'static str) -> Self {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        Self { kind, fields: rest.split(' ').filter_map(|field| field.split_once('=')).collect() }
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        hex::decode(self.fields[name]).expect("hex")
    }
}
