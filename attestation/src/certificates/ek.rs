//! What an EK certificate must contain (TCG EK credential profile for TPM 2.0, version 2.5, §3.2).

use keyfile::PublicKey;

use super::Certificate;

/// tcg-kp-EKCertificate
const PURPOSE: &str = "2.23.133.8.1";

/// Checks the contents of an EK certificate, but neither its signature nor its time. A missing extended key usage is accepted: certificates
/// of earlier versions of the profile have none.
///
/// # Errors
/// The fault.
pub fn check(certificate: &Certificate) -> Result<(), String> {
    if !certificate.is_version_3 {
        return Err("its version is not 3".into());
    }
    if let Some(part) = certificate.tpm.missing() {
        return Err(format!("its subject alternative name has no TPM {part}"));
    }
    if certificate.is_nameless && !certificate.critical_name {
        return Err("its subject is empty, but its subject alternative name is not critical".into());
    }
    match certificate.authority {
        Some(false) => {}
        Some(true) => return Err("it is the certificate of an authority".into()),
        None => return Err("it has no basic constraints".into()),
    }
    if !certificate.purposes.is_empty() && !certificate.purposes.iter().any(|purpose| purpose == PURPOSE) {
        return Err(format!("its extended key usage is not that of endorsement keys ({PURPOSE})"));
    }
    let (allowed, name) = match (&certificate.key, certificate.usage) {
        (_, None) => (false, "present"),
        (PublicKey::Rsa { .. }, Some(usage)) => (usage.key_encipherment(), "keyEncipherment"),
        (_, Some(usage)) => (usage.key_agreement(), "keyAgreement"),
    };
    match allowed {
        true => Ok(()),
        false => Err(format!("its key usage is not {name}")),
    }
}
