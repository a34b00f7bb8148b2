//! The request for the certificate (PKCS#10, RFC 2986). The ACME server knows the device from the order, so the common name is all it says.
// The errors of asn1 are large.
#![allow(clippy::result_large_err)]

use asn1::{Asn1Write, ParseError, SetOfWriter, Tlv, WriteError};
use keyfile::PublicKey;
use openssl::error::ErrorStack;
use openssl::x509::X509NameBuilder;

use crate::error::Error;
use crate::request::spki;
use crate::signing::Signer;

/// The longest commonName (RFC 5280 appendix A.1, ub-common-name).
const LONGEST_COMMON_NAME: usize = 64;

/// CertificationRequestInfo.
#[derive(Asn1Write)]
struct Content<'a> {
    version: u8,
    subject: Tlv<'a>,
    key: Tlv<'a>,
    #[implicit(0, required)]
    attributes: SetOfWriter<'a, Tlv<'a>>,
}

/// CertificationRequest.
#[derive(Asn1Write)]
struct Request<'a> {
    content: Tlv<'a>,
    algorithm: Tlv<'a>,
    signature: asn1::BitString<'a>,
}

/// Returns the request in DER, signed by the key.
///
/// # Errors
/// The TPM refuses to sign, or OpenSSL cannot encode the key.
pub(super) fn signed(identifier: &str, key: &PublicKey, signer: &Signer) -> Result<Vec<u8>, Error> {
    let name = if identifier.len() <= LONGEST_COMMON_NAME { identifier } else { "" };
    let subject = subject(name).map_err(|errors| failed(&errors))?;
    let content = content(&subject, &spki(key)?).map_err(|error| failed(&error))?;
    let signature = signer.sign(&content)?;
    assembled(&content, &signer.algorithm, &signature).map_err(|error| failed(&error))
}

fn subject(name: &str) -> Result<Vec<u8>, ErrorStack> {
    let mut subject = X509NameBuilder::new()?;
    if !name.is_empty() {
        subject.append_entry_by_text("CN", name)?;
    }
    subject.build().to_der()
}

fn content(subject: &[u8], key: &[u8]) -> Result<Vec<u8>, ParseError> {
    let (subject, key) = (asn1::parse_single(subject)?, asn1::parse_single(key)?);
    let attributes = SetOfWriter::new([].as_slice());
    asn1::write_single(&Content { version: 0, subject, key, attributes }).map_err(written)
}

fn assembled(content: &[u8], algorithm: &[u8], signature: &[u8]) -> Result<Vec<u8>, ParseError> {
    let (content, algorithm) = (asn1::parse_single(content)?, asn1::parse_single(algorithm)?);
    let invalid = || ParseError::new(asn1::ParseErrorKind::InvalidValue);
    let signature = asn1::BitString::new(signature, 0).ok_or_else(invalid)?;
    asn1::write_single(&Request { content, algorithm, signature }).map_err(written)
}

fn written(_: WriteError) -> ParseError {
    ParseError::new(asn1::ParseErrorKind::InvalidLength)
}

fn failed(cause: &dyn std::fmt::Display) -> Error {
    Error::request(
        format!("cannot make the request for the certificate: {cause}"),
        "check the key with `tpm2-keytool show KEY`, and the identifier",
    )
}
