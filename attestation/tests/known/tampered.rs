//! Whatever is changed is refused, each by its own line.

use attestation::credential::Challenge;
use attestation::{Algorithms, Evidence, Expected, Report, Trust, certificates, verify};
use keyfile::wire::{Marshal, Unmarshal};
use keyfile::{AlgId, Attributes, Certification, Handle, HashAlg, Name, Public, PublicKey, Signature};
use p256::ecdsa::signature::hazmat::PrehashSigner;

use crate::vectors::{TIME, authority, evidence, nonce, vector};

/// What is sent, and what the server expects.
struct Case {
    evidence: Evidence,
    roots: Vec<Vec<u8>>,
    extra_data: Vec<u8>,
    request: PublicKey,
    signed: bool,
    identifier: Option<&'static str>,
    time: u64,
    algorithms: Algorithms,
}

impl Case {
    fn of(evidence: Evidence) -> Self {
        let request = Public::from_bytes(&evidence.key).unwrap().key;
        Self {
            evidence,
            roots: vec![authority("ak").0],
            extra_data: nonce(),
            request,
            signed: true,
            identifier: None,
            time: TIME,
            algorithms: Algorithms::default(),
        }
    }

    fn report(&self, trust: Trust<'_>) -> Report {
        let expected = Expected {
            trust,
            extra_data: &self.extra_data,
            request: Some((&self.request, self.signed)),
            identifier: self.identifier,
            time: self.time,
            algorithms: &self.algorithms,
        };
        verify(&self.evidence, &expected)
    }

    fn refused(&self) -> Vec<&'static str> {
        let report = self.report(Trust::Certificate { roots: &self.roots });
        report.refused().map(|check| check.subject.name()).collect()
    }

    /// Replaces the statement by one that the forger signs.
    fn forge(&mut self, change: impl FnOnce(&mut Vec<u8>)) {
        let forger = vector("forger", &[]);
        let signer = Public::from_bytes(&forger.bytes("public")).unwrap();
        let mut statement = Certification::from_bytes(&self.evidence.statement).unwrap();
        statement.qualified_signer = signer.name().unwrap().qualified(&Handle::ENDORSEMENT.into()).unwrap();
        let mut bytes = statement.to_bytes().unwrap();
        change(&mut bytes);
        let key = p256::ecdsa::SigningKey::from_slice(&forger.bytes("private")).unwrap();
        let signature: p256::ecdsa::Signature = key.sign_prehash(&HashAlg::Sha256.digest(&[&bytes])).unwrap();
        let (r, s) = signature.split_bytes();
        self.evidence.signature =
            Signature::Ecc { scheme: AlgId::ECDSA, hash: HashAlg::Sha256, r: r.to_vec(), s: s.to_vec() };
        self.evidence.statement = bytes;
        self.evidence.signer = Some(forger.bytes("public"));
        self.evidence.signer_chain[0] = forger.bytes("certificate");
    }

    /// Changes the public area of the key, and has the forger certify that.
    fn forge_key(&mut self, change: impl FnOnce(&mut Public)) {
        let mut area = Public::from_bytes(&self.evidence.key).unwrap();
        change(&mut area);
        self.evidence.key = area.to_bytes().unwrap();
        self.request = area.key.clone();
        let mut statement = Certification::from_bytes(&self.evidence.statement).unwrap();
        statement.name = Name::of(area.name_alg, &self.evidence.key);
        self.evidence.statement = statement.to_bytes().unwrap();
        self.forge(|_| {});
    }
}

type Change = fn(&mut Case);

fn flip(bytes: &mut [u8], at: usize) {
    bytes[at] ^= 1;
}

fn with_signer(case: &mut Case, change: impl FnOnce(&mut Public)) {
    let mut area = Public::from_bytes(case.evidence.signer.as_ref().unwrap()).unwrap();
    change(&mut area);
    case.evidence.signer = Some(area.to_bytes().unwrap());
}

/// What is changed, how, and the lines that refuse it.
const TABLE: &[(&str, Change, &[&str])] = &[
    ("nothing", |_| {}, &[]),
    ("a forged statement that is right", |case| case.forge(|_| {}), &[]),
    (
        "no certificate",
        |case| case.evidence.signer_chain.clear(),
        &["ak-certificate", "ak-chain", "ak-key", "signature"],
    ),
    ("no intermediate authority", |case| drop(case.evidence.signer_chain.pop()), &["ak-chain"]),
    ("another root", |case| case.roots = vec![authority("other").0], &["ak-chain"]),
    ("no root", |case| case.roots.clear(), &["ak-chain"]),
    ("a root that is damaged", |case| case.roots[0].truncate(9), &["ak-chain"]),
    (
        "an intermediate authority of others",
        |case| case.evidence.signer_chain[1] = authority("other").1,
        &["ak-chain"],
    ),
    ("a time before the chain", |case| case.time = 1_700_000_000, &["ak-chain"]),
    ("a time after the chain", |case| case.time = 2_500_000_000, &["ak-chain"]),
    ("a nonce of another request", |case| flip(&mut case.extra_data, 0), &["extra-data"]),
    ("a nonce cut off", |case| case.extra_data.truncate(31), &["extra-data"]),
    ("no nonce", |case| case.extra_data.clear(), &["extra-data"]),
    (
        "no nonce on both sides",
        |case| {
            case.extra_data.clear();
            case.forge(|bytes| {
                let nonce = 44..76;
                bytes[43] = 0;
                drop(bytes.drain(nonce));
            });
        },
        &["extra-data"],
    ),
    (
        "a request for another key",
        |case| case.request = Public::from_bytes(&evidence("ecdsa", "rsa2048").key).unwrap().key,
        &["key-request"],
    ),
    ("a request that is not signed", |case| case.signed = false, &["request-signature"]),
    (
        "a signed bit of the firmware version",
        |case| {
            let at = case.evidence.statement.len() - 75;
            flip(&mut case.evidence.statement, at);
        },
        &["signature"],
    ),
    (
        "r",
        |case| {
            if let Signature::Ecc { r, .. } = &mut case.evidence.signature {
                flip(r, 5);
            }
        },
        &["signature"],
    ),
    (
        "s",
        |case| {
            if let Signature::Ecc { s, .. } = &mut case.evidence.signature {
                flip(s, 5);
            }
        },
        &["signature"],
    ),
    (
        "r is 0",
        |case| {
            if let Signature::Ecc { r, .. } = &mut case.evidence.signature {
                r.fill(0);
            }
        },
        &["signature"],
    ),
    (
        "s is empty",
        |case| {
            if let Signature::Ecc { s, .. } = &mut case.evidence.signature {
                s.clear();
            }
        },
        &["signature"],
    ),
    (
        "r is too long",
        |case| {
            if let Signature::Ecc { r, .. } = &mut case.evidence.signature {
                r.insert(0, 0);
            }
        },
        &["signature"],
    ),
    (
        "the hash of the signature",
        |case| {
            if let Signature::Ecc { hash, .. } = &mut case.evidence.signature {
                *hash = HashAlg::Sha384;
            }
        },
        &["ak-algorithm", "signature"],
    ),
    (
        "a signature with SHA-1",
        |case| {
            if let Signature::Ecc { hash, .. } = &mut case.evidence.signature {
                *hash = HashAlg::Sha1;
            }
        },
        &["ak-algorithm", "signature"],
    ),
    (
        "another scheme",
        |case| {
            if let Signature::Ecc { scheme, .. } = &mut case.evidence.signature {
                *scheme = AlgId::SM2;
            }
        },
        &["ak-algorithm", "signature"],
    ),
    ("no signature", |case| case.evidence.signature = Signature::Null, &["ak-algorithm", "signature"]),
    (
        "an HMAC",
        |case| case.evidence.signature = Signature::Hmac { hash: HashAlg::Sha256, digest: vec![0; 32] },
        &["ak-algorithm", "signature"],
    ),
    (
        "a signature of another key",
        |case| case.evidence.signature = evidence("rsassa", "p256").signature,
        &["ak-algorithm", "signature"],
    ),
    (
        "the statement about another key",
        |case| case.evidence.statement = evidence("ecdsa", "rsa2048").statement,
        &["signature", "key-name"],
    ),
    (
        "the proof for another key",
        |case| {
            let other = evidence("ecdsa", "rsa2048");
            case.evidence.statement = other.statement;
            case.evidence.signature = other.signature;
        },
        &["key-name"],
    ),
    ("the magic", |case| case.forge(|bytes| flip(bytes, 0)), &["magic"]),
    ("the type: a quote", |case| case.forge(|bytes| bytes[5] = 0x18), &["type"]),
    ("a byte after the statement", |case| case.forge(|bytes| bytes.push(0)), &["statement"]),
    (
        "a statement that ends early",
        |case| case.forge(|bytes| bytes.truncate(bytes.len() - 1)),
        &["statement"],
    ),
    ("a statement of nothing", |case| case.forge(Vec::clear), &["magic", "type"]),
    ("the qualified signer", |case| case.forge(|bytes| flip(bytes, 12)), &["qualified-signer"]),
    ("the nonce in a signed statement", |case| case.forge(|bytes| flip(bytes, 45)), &["extra-data"]),
    (
        "the Name in a signed statement",
        |case| {
            case.forge(|bytes| {
                let at = bytes.len() - 50;
                flip(bytes, at);
            });
        },
        &["key-name"],
    ),
    ("a public area that is damaged", |case| case.evidence.key.truncate(80), &["key-name"]),
    ("a byte after the public area", |case| case.evidence.key.push(0), &["key-name"]),
    (
        "a bit of the key",
        |case| {
            let at = case.evidence.key.len() - 1;
            flip(&mut case.evidence.key, at);
        },
        &["key-name", "key-algorithm", "key-request"],
    ),
    (
        "the key's fixedTPM",
        |case| case.forge_key(|area| area.attributes = area.attributes.without(Attributes::FIXED_TPM)),
        &["key-attributes"],
    ),
    (
        "the key's fixedParent",
        |case| case.forge_key(|area| area.attributes = area.attributes.without(Attributes::FIXED_PARENT)),
        &["key-attributes"],
    ),
    (
        "the key's sensitiveDataOrigin",
        |case| {
            case.forge_key(|area| {
                area.attributes = area.attributes.without(Attributes::SENSITIVE_DATA_ORIGIN);
            });
        },
        &["key-attributes"],
    ),
    (
        "a restricted key",
        |case| case.forge_key(|area| area.attributes = area.attributes | Attributes::RESTRICTED),
        &["key-attributes"],
    ),
    ("a Name with SHA-1", |case| case.forge_key(|area| area.name_alg = HashAlg::Sha1), &["key-algorithm"]),
    (
        "a point off its curve",
        |case| {
            case.forge_key(|area| {
                if let PublicKey::Ecc { y, .. } = &mut area.key {
                    flip(y, 31);
                }
            });
        },
        &["key-algorithm"],
    ),
    (
        "a migratable key of the TPM",
        |case| *case = Case::of(evidence("ecdsa", "migratable")),
        &["key-attributes"],
    ),
    (
        "a restricted key of the TPM",
        |case| *case = Case::of(evidence("ecdsa", "restricted")),
        &["key-attributes"],
    ),
    (
        "a software key that the TPM has certified",
        |case| *case = Case::of(evidence("ecdsa", "software")),
        &["key-attributes"],
    ),
    (
        "a signing key that is not restricted",
        |case| *case = Case::of(evidence("unrestricted", "p256")),
        &["ak-attributes"],
    ),
    ("a policy without P-256", |case| case.algorithms.curves.clear(), &["ak-algorithm", "key-algorithm"]),
    (
        "a policy without SHA-256",
        |case| case.algorithms.hashes = vec![HashAlg::Sha384],
        &["ak-algorithm", "key-algorithm"],
    ),
    ("a policy without ECDSA", |case| case.algorithms.schemes = vec![AlgId::RSASSA], &["ak-algorithm"]),
    (
        "the public area of another attestation key",
        |case| case.evidence.signer = evidence("rsassa", "p256").signer,
        &["ak-key", "ak-algorithm", "qualified-signer"],
    ),
    (
        "a damaged public area of the attestation key",
        |case| case.evidence.signer = Some(vec![0; 9]),
        &["ak-key"],
    ),
    (
        "an attestation key without fixedTPM",
        |case| with_signer(case, |area| area.attributes = area.attributes.without(Attributes::FIXED_TPM)),
        &["ak-attributes", "qualified-signer"],
    ),
    (
        "an attestation key without restricted",
        |case| with_signer(case, |area| area.attributes = area.attributes.without(Attributes::RESTRICTED)),
        &["ak-attributes", "qualified-signer"],
    ),
    (
        "an attestation key that decrypts",
        |case| with_signer(case, |area| area.attributes = area.attributes | Attributes::DECRYPT),
        &["ak-attributes", "qualified-signer"],
    ),
];

/// Certificates of the attestation key with one fault, and the lines that refuse them.
const CERTIFICATES: &[(&str, &[&str])] = &[
    ("subject", &["ak-certificate"]),
    ("no-san", &["ak-certificate"]),
    ("no-manufacturer", &["ak-certificate"]),
    ("no-model", &["ak-certificate"]),
    ("no-version", &["ak-certificate"]),
    ("no-purpose", &["ak-certificate"]),
    ("of-an-ek", &["ak-certificate", "ak-chain"]),
    ("authority", &["ak-certificate", "ak-chain"]),
    ("no-basic-constraints", &["ak-certificate"]),
    ("for-encipherment", &["ak-certificate"]),
    ("expired", &["ak-chain"]),
    ("future", &["ak-chain"]),
    ("other-key", &["ak-key", "signature"]),
    ("other-signature", &["ak-chain"]),
];

/// Certificates of makers of devices, and the lines that refuse them.
const DEVICES: &[(&str, &[&str])] = &[
    ("iak", &[]),
    ("iak-of-swtpm", &[]),
    ("idevid", &["ak-certificate"]),
    ("no-residency", &["ak-certificate"]),
    ("no-hardware", &["ak-certificate"]),
    ("other-hardware", &["ak-certificate"]),
    ("authority", &["ak-certificate", "ak-chain"]),
    ("for-encipherment", &["ak-certificate"]),
    ("of-an-ek", &["ak-chain"]),
];

/// EK certificates with one fault, and the lines that refuse them.
const ENDORSEMENT: &[(&str, &[&str])] = &[
    ("no-san", &["ek-certificate"]),
    ("no-model", &["ek-certificate"]),
    ("uncritical-san", &["ek-certificate"]),
    ("authority", &["ek-certificate", "ek-chain"]),
    ("no-basic-constraints", &["ek-certificate"]),
    ("for-encipherment", &["ek-certificate"]),
    ("for-signatures", &["ek-certificate"]),
    ("of-an-ak", &["ek-certificate", "ek-chain"]),
    ("expired", &["ek-chain"]),
    ("future", &["ek-chain"]),
    ("other-signature", &["ek-chain"]),
];

#[test]
fn every_change_is_refused_by_its_own_line() {
    let mut wrong = Vec::new();
    for (name, change, expected) in TABLE {
        let mut case = Case::of(evidence("ecdsa", "p256"));
        change(&mut case);
        let refused = case.refused();
        if refused != *expected {
            wrong.push(format!("{name}: {refused:?} instead of {expected:?}"));
        }
    }
    for (kind, table) in [("ak-variant", CERTIFICATES), ("device", DEVICES)] {
        for (name, expected) in table {
            let mut case = Case::of(evidence("ecdsa", "p256"));
            case.evidence.signer_chain[0] = vector(kind, &[("name", name)]).bytes("certificate");
            let refused = case.refused();
            if refused != *expected {
                wrong.push(format!("{kind} {name}: {refused:?} instead of {expected:?}"));
            }
        }
    }
    assert!(TABLE.len() + CERTIFICATES.len() + ENDORSEMENT.len() > 60);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn permanent_identifier_must_be_the_device() {
    let mut case = Case::of(evidence("ecdsa", "p256"));
    case.evidence.signer_chain[0] = vector("ak-variant", &[("name", "identified")]).bytes("certificate");
    for (identifier, refused) in [("device-1", &[][..]), ("device-2", &["identifier"])] {
        case.identifier = Some(identifier);
        assert_eq!(case.refused(), refused, "{identifier}");
    }
    // That of a maker of devices is of the TPM.
    case.evidence.signer_chain[0] = vector("device", &[("name", "iak")]).bytes("certificate");
    assert_eq!(case.refused(), [""; 0]);
}

#[test]
fn an_empty_permanent_identifier_is_no_device() {
    let mut case = Case::of(evidence("ecdsa", "p256"));
    let identified = vector("ak-variant", &[("name", "identified")]).bytes("certificate");
    case.evidence.signer_chain[0] = identified.clone();
    case.identifier = Some("");
    assert_eq!(case.refused(), ["identifier"]);
    // One that cannot be read: it is no UTF8String.
    let at = identified.windows(10).position(|part| part == b"\x0c\x08device-1").unwrap();
    case.evidence.signer_chain[0][at] = 4;
    for (identifier, text) in [
        ("", "the identifier of the device is empty"),
        ("device-1", "the permanent identifier in the certificate is empty or cannot be read"),
    ] {
        case.identifier = Some(identifier);
        let report = case.report(Trust::Certificate { roots: &case.roots });
        let mut refused = report.refused().filter(|check| check.subject.name() == "identifier");
        assert_eq!(refused.next().map(|check| check.cause.as_str()), Some(text), "{identifier:?}");
    }
}

#[test]
fn activation_needs_the_right_certificate_and_answer() {
    let mut case = Case::of(evidence("ecdsa", "p256"));
    case.evidence.signer_chain.clear();
    let name = Public::from_bytes(case.evidence.signer.as_ref().unwrap()).unwrap().name().unwrap();
    let (root, issuer) = authority("ek");
    let good = vector("ek", &[("name", "p256")]).bytes("certificate");
    let key = certificates::Certificate::parse(&good).unwrap().key;
    let (challenge, _) = Challenge::new(&key, &name).unwrap();
    let (other, _) = Challenge::new(&key, &Name::from(Handle::OWNER)).unwrap();
    let refused = |certificate: &[u8], challenge: &Challenge, answer: &[u8]| {
        let chain = [certificate.to_vec(), issuer.clone()];
        let report = case.report(Trust::Activation {
            challenge,
            answer,
            chain: &chain,
            roots: std::slice::from_ref(&root),
        });
        report.refused().map(|check| check.subject.name()).collect::<Vec<_>>()
    };
    assert_eq!(refused(&good, &challenge, &challenge.secret), [""; 0]);
    assert_eq!(refused(&good, &challenge, &other.secret), ["ak-binding"]);
    assert_eq!(refused(&good, &challenge, b""), ["ak-binding"]);
    assert_eq!(refused(&good, &other, &other.secret), ["ak-key"]);
    let foreign = vector("ek", &[("name", "p384")]).bytes("certificate");
    assert_eq!(refused(&foreign, &challenge, &challenge.secret), ["ek-chain", "ak-binding"]);
    for (variant, expected) in ENDORSEMENT {
        let certificate = vector("ek-variant", &[("name", variant)]).bytes("certificate");
        assert_eq!(refused(&certificate, &challenge, &challenge.secret), *expected, "{variant}");
    }
}

#[test]
fn recorded_name_must_be_that_of_the_attestation_key() {
    let case = Case::of(evidence("ecdsa", "p256"));
    let name = Public::from_bytes(case.evidence.signer.as_ref().unwrap()).unwrap().name().unwrap();
    assert!(case.report(Trust::Recorded(&name)).is_accepted());
    let other = case.report(Trust::Recorded(&Name::from(Handle::OWNER)));
    assert_eq!(other.refused().map(|check| check.subject.name()).collect::<Vec<_>>(), ["ak-key"]);
}
