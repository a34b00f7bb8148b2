//! The key that the statement is about.

use keyfile::wire::Unmarshal;
use keyfile::{Attributes, Certification, Name, Public};

use super::{Expected, Report, Subject};
use crate::Evidence;

/// Checks the key.
pub(super) fn check(
    report: &mut Report,
    evidence: &Evidence,
    expected: &Expected<'_>,
    certification: Option<&Certification>,
) {
    let area = match Public::from_bytes(&evidence.key) {
        Ok(area) => area,
        Err(error) => return report.refuse(Subject::KeyName, format!("the public area is damaged: {error}")),
    };
    if let Some(certification) = certification {
        report.check(
            Subject::KeyName,
            certification.name == Name::of(area.name_alg, &evidence.key),
            ("the statement is about this key", "the statement is about another key"),
        );
    }
    let attributes = area.attributes;
    if !attributes.contains(Attributes::MADE_IN_TPM) {
        report.refuse(
            Subject::KeyAttributes,
            format!("{} is missing", Attributes::MADE_IN_TPM.without(attributes)),
        );
    } else if attributes.contains(Attributes::RESTRICTED) {
        report.refuse(Subject::KeyAttributes, "the key is restricted: it cannot sign what others make");
    } else {
        report.proven(Subject::KeyAttributes, "the key was made in the TPM and cannot leave it");
    }
    report.result(
        Subject::KeyAlgorithm,
        expected.algorithms.check_area(&area),
        "its type and size are allowed",
    );
    let Some((key, signed)) = expected.request else { return };
    report.check(
        Subject::KeyRequest,
        key.has_numbers_of(&area.key),
        ("it is the key of the request", "the request is for another key"),
    );
    report.check(
        Subject::RequestSignature,
        signed,
        ("the key has signed the request", "the key has not signed the request"),
    );
}
