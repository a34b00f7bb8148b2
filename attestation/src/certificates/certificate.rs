//! A parsed certificate.

use der::{Decode, Encode, Header, Reader, SliceReader};
use keyfile::PublicKey;
use x509_cert::Version;
use x509_cert::ext::pkix::{
    BasicConstraints, CertificatePolicies, ExtendedKeyUsage, KeyUsage, SubjectAltName,
};

use super::key::public_key;
use super::san::{self, TpmName};
use crate::Malformed;

const WHAT: &str = "certificate";

/// The fields of a certificate that attestation depends on.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// True for version 3.
    pub is_version_3: bool,
    /// True if the subject has no name.
    pub is_nameless: bool,
    /// The public key.
    pub key: PublicKey,
    /// What the subject alternative name says about the TPM.
    pub tpm: TpmName,
    /// The permanent identifiers in the subject alternative name (RFC 4043).
    pub identifiers: Vec<String>,
    /// The type of hardware in the subject alternative name (hwType of RFC 4108), as a number with dots.
    pub hardware: Option<String>,
    /// The subject alternative name is critical, or there is none.
    pub critical_name: bool,
    /// cA of the basic constraints, if there are any.
    pub authority: Option<bool>,
    /// The key usage, if there is one.
    pub usage: Option<KeyUsage>,
    /// The extended key usages, as numbers with dots.
    pub purposes: Vec<String>,
    /// The certificate policies, as numbers with dots.
    pub policies: Vec<String>,
}

impl Certificate {
    /// Parses a certificate in DER.
    ///
    /// # Errors
    /// It is damaged, or no TPM can hold its key.
    pub fn parse(der: &[u8]) -> Result<Self, Malformed> {
        let parsed = x509_cert::Certificate::from_der(der).map_err(Malformed::because(WHAT))?;
        let certificate = parsed.tbs_certificate;
        let unreadable = Malformed::because::<der::Error>;
        let alternative = certificate.get::<SubjectAltName>().map_err(unreadable(WHAT))?;
        let basic = certificate.get::<BasicConstraints>().map_err(unreadable(WHAT))?;
        let usage = certificate.get::<KeyUsage>().map_err(unreadable(WHAT))?;
        let extended = certificate.get::<ExtendedKeyUsage>().map_err(unreadable(WHAT))?;
        let policies = certificate.get::<CertificatePolicies>().map_err(unreadable(WHAT))?;
        let key = certificate.subject_public_key_info.to_der().map_err(unreadable(WHAT))?;
        let names = alternative.as_ref().map(|(_, names)| names.0.as_slice()).unwrap_or_default();
        Ok(Self {
            is_version_3: certificate.version == Version::V3,
            is_nameless: certificate.subject.0.is_empty(),
            key: public_key(&key)?,
            tpm: TpmName::of(names),
            identifiers: san::identifiers(names),
            hardware: san::hardware(names),
            critical_name: alternative.as_ref().is_none_or(|(critical, _)| *critical),
            authority: basic.map(|(_, constraints)| constraints.ca),
            usage: usage.map(|(_, usage)| usage),
            purposes: extended
                .map(|(_, purposes)| purposes.0.iter().map(ToString::to_string).collect())
                .unwrap_or_default(),
            policies: policies
                .map(|(_, policies)| {
                    policies.0.iter().map(|policy| policy.policy_identifier.to_string()).collect()
                })
                .unwrap_or_default(),
        })
    }
}

/// Returns the certificate at the start of an NV index, without the bytes that fill up the index.
///
/// # Errors
/// The index does not begin with a certificate.
pub fn from_index(bytes: &[u8]) -> Result<&[u8], Malformed> {
    let length = SliceReader::new(bytes).and_then(|mut reader| {
        let header = Header::decode(&mut reader)?;
        header.encoded_len()? + header.length.min(reader.remaining_len())
    });
    let length = length.ok().and_then(|length| usize::try_from(length).ok());
    length
        .and_then(|length| bytes.get(..length))
        .filter(|bytes| bytes.first() == Some(&0x30))
        .ok_or_else(|| Malformed::new(WHAT, "it does not begin like DER"))
}
