//! The EK certificate, and the answer of its TPM.

use super::{Expected, Report, Subject, Trust};
use crate::certificates::{Certificate, Purpose, check_chain, check_ek};

/// Checks them, if the attestation key is trusted for its TPM's answer.
pub(super) fn check(report: &mut Report, expected: &Expected<'_>) {
    let Trust::Activation { challenge, answer, chain, roots } = &expected.trust else { return };
    let first = chain.first().map(Vec::as_slice).unwrap_or_default();
    let certificate = Certificate::parse(first);
    let content = certificate.as_ref().map_err(ToString::to_string).and_then(check_ek);
    report.result(Subject::EkCertificate, content, "it is a certificate for the endorsement key of a TPM");
    report.result(
        Subject::EkChain,
        check_chain(chain, roots, expected.time, Purpose::Endorsement),
        "it leads to a given root",
    );
    let for_this_key =
        certificate.is_ok_and(|certificate| certificate.key.has_numbers_of(&challenge.endorsement));
    report.result(
        Subject::AkBinding,
        match (for_this_key, challenge.is_answered_by(answer)) {
            (false, _) => Err("the challenge was made for another endorsement key"),
            (true, false) => Err("the answer is not the secret of the challenge"),
            (true, true) => Ok(()),
        },
        "the TPM of the EK certificate has opened a credential for the attestation key",
    );
}
