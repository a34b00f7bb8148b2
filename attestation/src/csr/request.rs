//! The request: its key, its names, and the attribute id-aa-attestation.

use der::asn1::{Any, BitString, SetOfVec};
use der::{Decode, Encode};
use keyfile::PublicKey;
use x509_cert::attr::Attribute;
use x509_cert::name::Name;
use x509_cert::request::{CertReq, CertReqInfo, Version};
use x509_cert::spki::{AlgorithmIdentifierOwned, ObjectIdentifier, SubjectPublicKeyInfoOwned};

use super::bundle;
use crate::certificates::{is_signed, public_key};
use crate::{Evidence, Malformed};

const WHAT: &str = "request";
/// id-aa-attestation
const ATTESTATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.59");
/// commonName
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// A request, as read. Its evidence is not verified.
#[derive(Debug, Clone)]
pub struct Request {
    /// The key for which a certificate is requested.
    pub key: PublicKey,
    /// The common name of the subject, if it has one.
    pub common_name: Option<String>,
    /// True if the key has signed the request.
    pub is_signed: bool,
    /// The evidence in its attribute.
    pub evidence: Evidence,
}

impl Request {
    /// Reads a request in DER.
    ///
    /// # Errors
    /// It is damaged, or does not have exactly one attestation attribute with one value.
    pub fn read(der: &[u8]) -> Result<Self, Malformed> {
        let request = CertReq::from_der(der).map_err(Malformed::because(WHAT))?;
        let mut attributes = request.info.attributes.iter().filter(|attribute| attribute.oid == ATTESTATION);
        let value = match (attributes.next(), attributes.next()) {
            (Some(attribute), None) if attribute.values.len() == 1 => attribute.values.get(0),
            _ => None,
        };
        let value = value
            .ok_or_else(|| Malformed::new(WHAT, "it does not have exactly one attestation attribute"))?;
        let value = value.to_der().map_err(Malformed::because(WHAT))?;
        let spki = request.info.public_key.to_der().map_err(Malformed::because(WHAT))?;
        let mut common = request.info.subject.0.iter().flat_map(|set| set.0.iter());
        let common = common.rfind(|attribute| attribute.oid == COMMON_NAME);
        Ok(Self {
            key: public_key(&spki)?,
            common_name: common.and_then(|name| String::from_utf8(name.value.value().to_vec()).ok()),
            is_signed: is_self_signed(&request).unwrap_or(false),
            evidence: bundle::evidence(&value)?,
        })
    }
}

fn is_self_signed(request: &CertReq) -> Option<bool> {
    let key = &request.info.public_key;
    let contents = |algorithm: &AlgorithmIdentifierOwned| -> Option<Vec<u8>> {
        let der = algorithm.to_der().ok()?;
        Some(Any::from_der(&der).ok()?.value().to_vec())
    };
    Some(is_signed(
        (&contents(&key.algorithm)?, key.subject_public_key.as_bytes()?),
        &request.info.to_der().ok()?,
        (&contents(&request.algorithm)?, request.signature.as_bytes()?),
    ))
}

/// Returns the CertificationRequestInfo to sign. All arguments are in DER: the subject, the SubjectPublicKeyInfo, the AttestationBundle if
/// there is one, and other attributes.
///
/// # Errors
/// One of them is damaged.
pub fn to_be_signed(
    subject: &[u8],
    key: &[u8],
    attestation: Option<&[u8]>,
    others: &[Vec<u8>],
) -> Result<Vec<u8>, Malformed> {
    let unreadable = Malformed::because::<der::Error>;
    let mut attributes = SetOfVec::new();
    if let Some(attestation) = attestation {
        let value = Any::from_der(attestation).map_err(unreadable(WHAT))?;
        let values = SetOfVec::try_from(vec![value]).map_err(unreadable(WHAT))?;
        attributes.insert(Attribute { oid: ATTESTATION, values }).map_err(unreadable(WHAT))?;
    }
    for other in others {
        let other = Attribute::from_der(other).map_err(unreadable(WHAT))?;
        attributes.insert(other).map_err(unreadable(WHAT))?;
    }
    let info = CertReqInfo {
        version: Version::V1,
        subject: Name::from_der(subject).map_err(unreadable(WHAT))?,
        public_key: SubjectPublicKeyInfoOwned::from_der(key).map_err(unreadable(WHAT))?,
        attributes,
    };
    info.to_der().map_err(unreadable(WHAT))
}

/// Returns the request in DER. `algorithm` is the AlgorithmIdentifier of the signature.
///
/// # Errors
/// A part is damaged.
pub fn assemble(to_be_signed: &[u8], algorithm: &[u8], signature: &[u8]) -> Result<Vec<u8>, Malformed> {
    let unreadable = Malformed::because::<der::Error>;
    let request = CertReq {
        info: CertReqInfo::from_der(to_be_signed).map_err(unreadable(WHAT))?,
        algorithm: AlgorithmIdentifierOwned::from_der(algorithm).map_err(unreadable(WHAT))?,
        signature: BitString::from_bytes(signature).map_err(unreadable(WHAT))?,
    };
    request.to_der().map_err(unreadable(WHAT))
}
