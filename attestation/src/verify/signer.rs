//! The attestation key: its certificate, its public area, its attributes and algorithms.

use keyfile::wire::Unmarshal;
use keyfile::{Attributes, Name, Public, PublicKey, Scheme, Signature};

use super::{Expected, Report, Subject, Trust};
use crate::Evidence;
use crate::certificates::{Certificate, Purpose, check_ak, check_chain};

/// The attestation key, as far as it is known.
pub(super) struct Signer {
    /// The key that the signature is verified with.
    pub(super) key: Option<PublicKey>,
    /// The Name, if the public area is known.
    pub(super) name: Option<Name>,
}

/// Checks everything about the attestation key but its signature.
pub(super) fn check(report: &mut Report, evidence: &Evidence, expected: &Expected<'_>) -> Signer {
    let area =
        evidence.signer.as_ref().map(|area| Public::from_bytes(area).map_err(|error| error.to_string()));
    let certified = match &expected.trust {
        Trust::Certificate { roots } => Some(check_certificate(report, evidence, expected, roots)),
        Trust::Activation { .. } | Trust::Recorded(_) => None,
    };
    check_area(report, expected, area.as_ref(), certified.as_ref());
    let area = area.and_then(Result::ok);
    // What the trust is about: the certified key, or the key with the challenged or recorded Name.
    let key = match certified {
        Some(certified) => certified.map(|certificate| certificate.key),
        None => area.as_ref().map(|area| area.key.clone()),
    };
    check_algorithm(report, evidence, expected, area.as_ref(), key.as_ref());
    let name =
        evidence.signer.as_ref().zip(area.as_ref()).map(|(bytes, area)| Name::of(area.name_alg, bytes));
    Signer { key, name }
}

/// Checks the certificate, and returns it if it can be read.
fn check_certificate(
    report: &mut Report,
    evidence: &Evidence,
    expected: &Expected<'_>,
    roots: &[Vec<u8>],
) -> Option<Certificate> {
    let chain = &evidence.signer_chain;
    let certificate = Certificate::parse(chain.first().map(Vec::as_slice).unwrap_or_default());
    let content = certificate.as_ref().map_err(ToString::to_string).and_then(check_ak);
    report.result(Subject::AkCertificate, content, "it is a certificate for an attestation key");
    report.result(
        Subject::AkChain,
        check_chain(chain, roots, expected.time, Purpose::Attestation),
        "it leads to a given root",
    );
    report.believed(Subject::AkBinding, "the issuer of the certificate has checked that the key is in a TPM");
    let certificate = certificate.ok()?;
    if let Some(identifier) = expected.identifier {
        match certificate.identifiers.as_slice() {
            _ if identifier.is_empty() => {
                report.refuse(Subject::Identifier, "the identifier of the device is empty");
            }
            [] => {
                report
                    .believed(Subject::Identifier, "the certificate of the attestation key names no device");
            }
            known if known.iter().all(String::is_empty) => report.refuse(
                Subject::Identifier,
                "the permanent identifier in the certificate is empty or cannot be read",
            ),
            known => report.check(
                Subject::Identifier,
                known.iter().any(|known| known == identifier),
                (
                    "the certificate of the attestation key is for this device",
                    "the certificate is for another device",
                ),
            ),
        }
    }
    Some(certificate)
}

/// Checks the public area: whose it is, and its attributes.
fn check_area(
    report: &mut Report,
    expected: &Expected<'_>,
    area: Option<&Result<Public, String>>,
    certified: Option<&Option<Certificate>>,
) {
    let area = match area {
        Some(Ok(area)) => area,
        Some(Err(error)) => {
            return report.refuse(Subject::AkKey, format!("its public area is damaged: {error}"));
        }
        None if certified.is_some() => {
            return report.believed(Subject::AkAttributes, "the issuer of the certificate has checked them");
        }
        None => return report.refuse(Subject::AkKey, "its public area is missing"),
    };
    let (same, proven) = match (&expected.trust, certified) {
        (Trust::Certificate { .. }, Some(Some(certificate))) => {
            (certificate.key.has_numbers_of(&area.key), false)
        }
        (Trust::Certificate { .. }, _) => (false, false),
        (Trust::Activation { challenge, .. }, _) => (area.name().as_ref() == Ok(&challenge.signer), true),
        (Trust::Recorded(name), _) => (area.name().as_ref() == Ok(*name), true),
    };
    report.check(
        Subject::AkKey,
        same,
        (
            "it is the certified, challenged or recorded key",
            "it is not the certified, challenged or recorded key",
        ),
    );
    if let Trust::Recorded(_) = expected.trust {
        report.believed(Subject::AkBinding, "the server recorded earlier that the key is in a TPM");
    }
    let attributes = area.attributes;
    if !attributes.contains(Attributes::ATTESTATION) {
        report.refuse(
            Subject::AkAttributes,
            format!("{} is missing", Attributes::ATTESTATION.without(attributes)),
        );
    } else if attributes.contains(Attributes::DECRYPT) {
        report.refuse(Subject::AkAttributes, "a key that decrypts is no attestation key");
    } else if proven {
        report.proven(Subject::AkAttributes, "its Name contains them");
    } else {
        report.believed(Subject::AkAttributes, "a certificate contains the key, but not its attributes");
    }
}

/// Checks the key and the scheme of the signature.
fn check_algorithm(
    report: &mut Report,
    evidence: &Evidence,
    expected: &Expected<'_>,
    area: Option<&Public>,
    key: Option<&PublicKey>,
) {
    let allowed = match (area, key) {
        (Some(area), _) => expected.algorithms.check_area(area),
        (None, Some(key)) => expected.algorithms.check_key(key),
        (None, None) => Err("the attestation key is not known".into()),
    };
    let allowed = allowed.and_then(|()| expected.algorithms.check_signature(&evidence.signature));
    let fixed = area.and_then(|area| area.key.scheme()).unwrap_or_default();
    let allowed = allowed.and_then(|()| match fits(fixed, &evidence.signature) {
        true => Ok(()),
        false => Err(format!("the key signs with {fixed} only")),
    });
    report.result(Subject::AkAlgorithm, allowed, "its key, scheme and hash are allowed");
}

/// Returns true if a key with this scheme makes such signatures.
fn fits(fixed: Scheme, signature: &Signature) -> bool {
    match signature {
        _ if fixed == Scheme::Null => true,
        Signature::Rsa { scheme, hash, .. } | Signature::Ecc { scheme, hash, .. } => {
            (fixed.id(), fixed.hash()) == (*scheme, Some(*hash))
        }
        Signature::Null | Signature::Hmac { .. } => false,
    }
}
