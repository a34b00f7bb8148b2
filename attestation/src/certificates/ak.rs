//! What the certificate of an attestation key must contain (Web Authentication Level 3 §8.3.1).

use super::Certificate;

/// tcg-kp-AIKCertificate
const PURPOSE: &str = "2.23.133.8.3";

/// Checks the contents of the certificate of an attestation key, but neither its signature nor its time.
///
/// # Errors
/// The fault.
pub fn check(certificate: &Certificate) -> Result<(), String> {
    if !certificate.is_version_3 {
        return Err("its version is not 3".into());
    }
    if !certificate.is_nameless {
        return Err("its subject is not empty".into());
    }
    if let Some(part) = certificate.tpm.missing() {
        return Err(format!("its subject alternative name has no TPM {part}"));
    }
    if !certificate.purposes.iter().any(|purpose| purpose == PURPOSE) {
        return Err(format!("its extended key usage is not that of attestation keys ({PURPOSE})"));
    }
    match certificate.authority {
        Some(false) => {}
        Some(true) => return Err("it is the certificate of an authority".into()),
        None => return Err("it has no basic constraints".into()),
    }
    if certificate.usage.is_some_and(|usage| !usage.digital_signature()) {
        return Err("its key usage does not allow signatures".into());
    }
    Ok(())
}
