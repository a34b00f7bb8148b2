//! Chains of certificates, validated by rustls-webpki: it accepts a critical subject alternative name with a directory name, an empty
//! subject and the purposes of TCG, which chains of endorsement keys have. Its signatures are verified with the crates of this workspace.

use std::time::Duration;

use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::algorithms::ALL;

/// 2.23.133.8.1, tcg-kp-EKCertificate
const EK: &[u8] = &[0x67, 0x81, 0x05, 0x08, 0x01];
/// 2.23.133.8.3, tcg-kp-AIKCertificate
const AK: &[u8] = &[0x67, 0x81, 0x05, 0x08, 0x03];

/// The purpose of the first certificate of a chain. If a certificate of the chain has an extended key usage, it must contain this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// An endorsement key.
    Endorsement,
    /// An attestation key.
    Attestation,
}

/// Validates the chain from the first certificate to one of the roots: signatures, validity at `time` (seconds since 1970), basic
/// constraints, name constraints and purposes. The others may have any order. Revocation is not checked.
///
/// # Errors
/// The fault.
pub fn check(chain: &[Vec<u8>], roots: &[Vec<u8>], time: u64, purpose: Purpose) -> Result<(), String> {
    let (first, others) = chain.split_first().ok_or("there is no certificate")?;
    let roots: Vec<CertificateDer<'_>> = roots.iter().map(|root| root.as_slice().into()).collect();
    let anchors = roots.iter().map(|root| anchor_from_trusted_cert(root));
    let anchors: Vec<_> =
        anchors.collect::<Result<_, _>>().map_err(|error| format!("a root cannot be read: {error}"))?;
    let others: Vec<CertificateDer<'_>> = others.iter().map(|other| other.as_slice().into()).collect();
    let first = CertificateDer::from(first.as_slice());
    let first = EndEntityCert::try_from(&first).map_err(|error| error.to_string())?;
    let time = UnixTime::since_unix_epoch(Duration::from_secs(time));
    let usage = KeyUsage::required_if_present(match purpose {
        Purpose::Endorsement => EK,
        Purpose::Attestation => AK,
    });
    let path = first.verify_for_usage(ALL, &anchors, &others, time, usage, None, None);
    path.map(drop).map_err(|error| error.to_string())
}
