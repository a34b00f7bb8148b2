//! The checks of a proof, one line each. All are made, also after one has failed, so that a report shows every fault.

mod algorithms;
mod endorsement;
mod key;
mod report;
mod signer;
mod statement;

use keyfile::{Name, PublicKey};

pub use algorithms::Algorithms;
pub use report::{Check, Outcome, Report, Subject};

use crate::Evidence;
use crate::credential::Challenge;

/// Why the attestation key can be trusted.
pub enum Trust<'a> {
    /// Its certificate leads to one of these roots, in DER: an authority has checked earlier that it is in a TPM.
    Certificate {
        /// The roots.
        roots: &'a [Vec<u8>],
    },
    /// Its TPM has answered a challenge, and has an EK certificate.
    Activation {
        /// The challenge.
        challenge: &'a Challenge,
        /// The answer.
        answer: &'a [u8],
        /// The EK certificate, and its issuers, in DER.
        chain: &'a [Vec<u8>],
        /// The roots of TPM manufacturers, in DER.
        roots: &'a [Vec<u8>],
    },
    /// It has this Name, which the server recorded after an earlier proof.
    Recorded(&'a Name),
}

/// What the server expects.
pub struct Expected<'a> {
    /// Why the attestation key can be trusted.
    pub trust: Trust<'a>,
    /// The nonce (extraData). It must be fresh: the server accepts each nonce once.
    pub extra_data: &'a [u8],
    /// The key in the request for a certificate, and if it has signed the request.
    pub request: Option<(&'a PublicKey, bool)>,
    /// The device for which the certificate is. If the certificate of the attestation key has permanent identifiers, one must be this.
    /// It must not be empty.
    pub identifier: Option<&'a str>,
    /// The time, in seconds since 1970.
    pub time: u64,
    /// The algorithms that are strong enough.
    pub algorithms: &'a Algorithms,
}

/// Verifies evidence.
#[must_use]
pub fn verify(evidence: &Evidence, expected: &Expected<'_>) -> Report {
    let mut report = Report::default();
    endorsement::check(&mut report, expected);
    let signer = signer::check(&mut report, evidence, expected);
    let certification = statement::check(&mut report, evidence, expected, &signer);
    key::check(&mut report, evidence, expected, certification.as_ref());
    report
}
