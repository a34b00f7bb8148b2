//! The structure of a certificate in DER (RFC 5280 §4.1): its parts are replaced, and not interpreted.
// The errors of asn1 are large.
#![allow(clippy::result_large_err)]

use asn1::{Asn1Read, Asn1Write, ParseError, Tlv, WriteError};

/// Certificate (RFC 5280 §4.1).
#[derive(Asn1Read, Asn1Write)]
struct Certificate<'a> {
    tbs: Tlv<'a>,
    algorithm: Tlv<'a>,
    signature: asn1::BitString<'a>,
}

/// TBSCertificate without unique identifiers (RFC 5280 §4.1).
#[derive(Asn1Read, Asn1Write)]
struct Content<'a> {
    version: Tlv<'a>,
    serial: Tlv<'a>,
    algorithm: Tlv<'a>,
    issuer: Tlv<'a>,
    validity: Tlv<'a>,
    subject: Tlv<'a>,
    key: Tlv<'a>,
    extensions: Tlv<'a>,
}

/// Returns the content to be signed: that of the draft, with the issuer's algorithm.
///
/// # Errors
/// The draft is not a certificate.
pub(super) fn content(draft: &[u8], algorithm: &[u8]) -> Result<Vec<u8>, ParseError> {
    let certificate: Certificate<'_> = asn1::parse_single(draft)?;
    let mut content: Content<'_> = asn1::parse_single(certificate.tbs.full_data())?;
    content.algorithm = asn1::parse_single(algorithm)?;
    asn1::write_single(&content).map_err(written)
}

/// Returns the certificate in DER.
///
/// # Errors
/// The content or the algorithm is not DER.
pub(super) fn signed(content: &[u8], algorithm: &[u8], signature: &[u8]) -> Result<Vec<u8>, ParseError> {
    let (tbs, algorithm) = (asn1::parse_single(content)?, asn1::parse_single(algorithm)?);
    let invalid = || ParseError::new(asn1::ParseErrorKind::InvalidValue);
    let signature = asn1::BitString::new(signature, 0).ok_or_else(invalid)?;
    asn1::write_single(&Certificate { tbs, algorithm, signature }).map_err(written)
}

fn written(_: WriteError) -> ParseError {
    ParseError::new(asn1::ParseErrorKind::InvalidLength)
}
