//! The root of the CA, and the certificates that it signs.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use attestation::certificates::TpmName;
use openssl::asn1::{Asn1Object, Asn1OctetString, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{HasPublic, PKey, PKeyRef, Private, Public};
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509Extension, X509NameBuilder};

use crate::names::names;
use crate::problem::Problem;

/// tcg-kp-AIKCertificate, the purpose of certificates for attestation keys (Web Authentication Level 3 §8.3.1).
const ATTESTATION: &str = "2.23.133.8.3";
/// The lifetime of the root.
const ROOT: Duration = Duration::from_secs(365 * 24 * 3600);
/// The bits of a serial number.
const SERIAL: i32 = 159;
/// The longest commonName (RFC 5280 appendix A.1, ub-common-name).
const LONGEST_COMMON_NAME: usize = 64;

/// The root key and its certificate.
pub(crate) struct Authority {
    key: PKey<Private>,
    root: X509,
    lifetime: Duration,
}

impl Authority {
    /// Makes a new root.
    pub(crate) fn new(lifetime: Duration) -> Result<Self, ErrorStack> {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
        let key = PKey::from_ec_key(EcKey::generate(&group)?)?;
        let mut builder = draft("demo-ca root", &key, ROOT)?;
        let subject = common_name("demo-ca root")?;
        builder.set_issuer_name(&subject)?;
        let extensions = [
            BasicConstraints::new().critical().ca().build()?,
            KeyUsage::new().critical().key_cert_sign().crl_sign().build()?,
            SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?,
        ];
        extensions.iter().try_for_each(|extension| builder.append_extension2(extension))?;
        builder.sign(&key, MessageDigest::sha256())?;
        Ok(Self { root: builder.build(), key, lifetime })
    }

    /// Returns the certificate of the root.
    pub(crate) fn root(&self) -> &X509 {
        &self.root
    }

    /// Certifies the key of a device.
    pub(crate) fn certify(&self, identifier: &str, key: &PKey<Public>) -> Result<X509, Problem> {
        let subject = if identifier.len() <= LONGEST_COMMON_NAME { identifier } else { "" };
        let purpose = ExtendedKeyUsage::new().client_auth().build().map_err(failed)?;
        self.issue(subject, key, names(identifier, None), purpose)
    }

    /// Certifies an attestation key.
    pub(crate) fn certify_attestation_key(
        &self,
        identifier: &str,
        tpm: &TpmName,
        key: &PKey<Public>,
    ) -> Result<X509, Problem> {
        let purpose = ExtendedKeyUsage::new().other(ATTESTATION).build().map_err(failed)?;
        self.issue("", key, names(identifier, Some(tpm)), purpose)
    }

    fn issue(
        &self,
        subject: &str,
        key: &PKey<Public>,
        names: Result<Vec<u8>, asn1::WriteError>,
        purpose: X509Extension,
    ) -> Result<X509, Problem> {
        let names = names.map_err(|error| Problem::internal(&format!("{error:?}")))?;
        self.signed(subject, key, &names, purpose).map_err(failed)
    }

    fn signed(
        &self,
        subject: &str,
        key: &PKey<Public>,
        names: &[u8],
        purpose: X509Extension,
    ) -> Result<X509, ErrorStack> {
        let mut builder = draft(subject, key, self.lifetime)?;
        builder.set_issuer_name(self.root.subject_name())?;
        let names = Asn1OctetString::new_from_bytes(names)?;
        let alternative = Asn1Object::from_str("2.5.29.17")?;
        let context = builder.x509v3_context(Some(&self.root), None);
        let extensions = [
            BasicConstraints::new().critical().build()?,
            KeyUsage::new().critical().digital_signature().build()?,
            purpose,
            // RFC 5280 §4.2.1.6: critical if the subject is empty.
            X509Extension::new_from_der(&alternative, subject.is_empty(), &names)?,
            AuthorityKeyIdentifier::new().keyid(true).build(&context)?,
        ];
        extensions.iter().try_for_each(|extension| builder.append_extension2(extension))?;
        builder.sign(&self.key, MessageDigest::sha256())?;
        Ok(builder.build())
    }
}

/// Begins a certificate of version 3 that is valid from now on.
fn draft<T: HasPublic>(
    subject: &str,
    key: &PKeyRef<T>,
    lifetime: Duration,
) -> Result<X509Builder, ErrorStack> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let at = |time: Duration| Asn1Time::from_unix(i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
    let mut serial = BigNum::new()?;
    serial.rand(SERIAL, MsbOption::MAYBE_ZERO, false)?;
    let mut builder = X509Builder::new()?;
    builder.set_version(2)?;
    builder.set_serial_number(&*serial.to_asn1_integer()?)?;
    builder.set_subject_name(&*common_name(subject)?)?;
    builder.set_not_before(&*at(now)?)?;
    builder.set_not_after(&*at(now.saturating_add(lifetime))?)?;
    builder.set_pubkey(key)?;
    Ok(builder)
}

/// Returns a subject with this common name; an empty one if there is none.
fn common_name(name: &str) -> Result<openssl::x509::X509Name, ErrorStack> {
    let mut subject = X509NameBuilder::new()?;
    if !name.is_empty() {
        subject.append_entry_by_text("CN", name)?;
    }
    Ok(subject.build())
}

fn failed(errors: ErrorStack) -> Problem {
    Problem::internal(&errors)
}
