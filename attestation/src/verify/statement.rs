//! The statement: its signature, its origin, its nonce, and its signer.

use keyfile::wire::{Reader, Unmarshal};
use keyfile::{Certification, Handle, Name};

use super::signer::Signer;
use super::{Expected, Report, Subject, Trust};
use crate::credential::areas;
use crate::{Evidence, signature};

/// Checks the statement, and returns it if it is one of TPM2_Certify.
pub(super) fn check(
    report: &mut Report,
    evidence: &Evidence,
    expected: &Expected<'_>,
    signer: &Signer,
) -> Option<Certification> {
    let bytes = &evidence.statement;
    let signed = signer.key.as_ref().is_some_and(|key| signature::verify(key, bytes, &evidence.signature));
    report.check(
        Subject::Signature,
        signed,
        ("the attestation key has signed the statement", "the attestation key has not signed the statement"),
    );
    let mut header = Reader::new(bytes);
    let magic = header.u32() == Ok(Certification::MAGIC);
    report.check(
        Subject::Magic,
        magic,
        (
            "the TPM has made the statement",
            "the statement does not begin as those that a TPM makes (TPM_GENERATED_VALUE)",
        ),
    );
    let certify = header.u16() == Ok(Certification::TAG);
    report.check(
        Subject::Type,
        certify,
        ("it is the statement of TPM2_Certify", "it is another statement than that of TPM2_Certify"),
    );
    if !(magic && certify) {
        return None;
    }
    let certification = match Certification::from_bytes(bytes) {
        Ok(certification) => certification,
        Err(error) => {
            report.refuse(Subject::Statement, error.to_string());
            return None;
        }
    };
    report.result(
        Subject::ExtraData,
        match (expected.extra_data, certification.extra_data == expected.extra_data) {
            ([], _) => Err("without a nonce, an old statement could be used again"),
            (_, false) => Err("it contains another nonce"),
            (_, true) => Ok(()),
        },
        "it contains the nonce",
    );
    check_signer(report, expected, signer, &certification);
    Some(certification)
}

/// Checks the hierarchy of the attestation key. In the null hierarchy anybody can make keys that are gone after a reset.
fn check_signer(
    report: &mut Report,
    expected: &Expected<'_>,
    signer: &Signer,
    certification: &Certification,
) {
    let Some(name) = &signer.name else {
        return match expected.trust {
            Trust::Certificate { .. } => report.believed(
                Subject::QualifiedSigner,
                "a certificate does not contain the Name of the attestation key",
            ),
            Trust::Activation { .. } | Trust::Recorded(_) => {
                report.refuse(Subject::QualifiedSigner, "the Name of the attestation key is not known");
            }
        };
    };
    let parents =
        [Handle::ENDORSEMENT, Handle::OWNER].map(Name::from).into_iter().chain(endorsement(expected));
    report.check(
        Subject::QualifiedSigner,
        parents
            .into_iter()
            .any(|parent| name.qualified(&parent).as_ref() == Some(&certification.qualified_signer)),
        (
            "the attestation key is in the endorsement or owner hierarchy, or below the endorsement key",
            "it is not the Name of the attestation key in the endorsement or owner hierarchy",
        ),
    );
}

/// Returns the qualified Names that the endorsement key may have. `tpm2_createak` makes keys below it.
fn endorsement(expected: &Expected<'_>) -> Vec<Name> {
    let Trust::Activation { challenge, .. } = &expected.trust else { return Vec::new() };
    let areas = areas(&challenge.endorsement).unwrap_or_default();
    let names = areas.iter().filter_map(|area| area.name().ok());
    names.filter_map(|name| name.qualified(&Handle::ENDORSEMENT.into())).collect()
}
