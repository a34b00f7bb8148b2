//! What the certificate of an attestation key must contain. Two profiles are accepted:
//!
//! - that of Web Authentication (Level 3 §8.3.1), which ACME uses too: the purpose is that of attestation keys, and the name is that of
//!   the TPM;
//! - that of makers of devices (TCG: TPM 2.0 Keys for Device Identity and Attestation), which have an initial attestation key (IAK): a
//!   policy states that the issuer has verified that the key is restricted, and the name is that of the device. Without this policy the
//!   key may be a device identity (IDevID), which signs anything.

use super::Certificate;

/// tcg-kp-AIKCertificate
const PURPOSE: &str = "2.23.133.8.3";
/// tcg-cap-verifiedTPMResidency
const RESIDENCY: &str = "2.23.133.11.1.1";
/// tcg-cap-verifiedTPMFixed
const FIXED: &str = "2.23.133.11.1.2";
/// tcg-cap-verifiedTPMRestricted, which includes fixedTPM
const RESTRICTED: &str = "2.23.133.11.1.3";
/// The type of hardware of a TPM 2.0
const TPM_2_0: &str = "2.23.133.1.2";

/// Checks the contents of the certificate of an attestation key, but neither its signature nor its time.
///
/// # Errors
/// The fault.
pub fn check(certificate: &Certificate) -> Result<(), String> {
    if !certificate.is_version_3 {
        return Err("its version is not 3".into());
    }
    if certificate.authority == Some(true) {
        return Err("it is the certificate of an authority".into());
    }
    if certificate.usage.is_some_and(|usage| !usage.digital_signature()) {
        return Err("its key usage does not allow signatures".into());
    }
    let has = |policy| certificate.policies.iter().any(|known| known == policy);
    match (has(RESIDENCY), has(FIXED), has(RESTRICTED)) {
        (true, _, true) => check_device(certificate),
        (true, true, false) => Err("it is for a device identity, which signs anything".into()),
        _ => check_tpm(certificate),
    }
}

/// Checks what the profile of devices requires.
fn check_device(certificate: &Certificate) -> Result<(), String> {
    match certificate.hardware.as_deref() {
        Some(TPM_2_0) => Ok(()),
        Some(other) => Err(format!("its hardware module is of type {other}, not a TPM 2.0 ({TPM_2_0})")),
        None => Err("its subject alternative name has no hardware module name".into()),
    }
}

/// Checks what Web Authentication requires.
fn check_tpm(certificate: &Certificate) -> Result<(), String> {
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
        Some(_) => Ok(()),
        None => Err("it has no basic constraints".into()),
    }
}
