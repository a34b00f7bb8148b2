//! Finds the parts of a certificate by which PKCS#11 programs search (RFC 5280 §4.1).

use asn1::{ParseError, Parser, Sequence, Tlv};

/// The parts, each in DER.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub(crate) serial: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) spki: Vec<u8>,
}

impl Parts {
    /// Returns the parts of a certificate; none if the bytes are not one.
    pub(crate) fn of(certificate: &[u8]) -> Option<Self> {
        asn1::parse_single::<Sequence<'_>>(certificate).ok()?.parse(of_certificate).ok()
    }
}

/// The bytes are not a certificate. The parser's error is large, and no caller needs it.
struct NoCertificate;

impl From<ParseError> for NoCertificate {
    fn from(_: ParseError) -> Self {
        Self
    }
}

fn of_certificate(p: &mut Parser<'_>) -> Result<Parts, NoCertificate> {
    let parts = p.read_element::<Sequence<'_>>()?.parse(of_contents)?;
    // signatureAlgorithm, signatureValue
    p.read_element::<Sequence<'_>>()?;
    p.read_element::<asn1::BitString<'_>>()?;
    Ok(parts)
}

fn of_contents(p: &mut Parser<'_>) -> Result<Parts, NoCertificate> {
    if p.peek_tag() == Some(asn1::explicit_tag(0)) {
        p.read_element::<Tlv<'_>>()?;
    }
    let mut next = || Ok::<_, NoCertificate>(p.read_element::<Tlv<'_>>()?.full_data().to_vec());
    let (serial, _signature, issuer, _validity) = (next()?, next()?, next()?, next()?);
    let (subject, spki) = (next()?, next()?);
    while !p.is_empty() {
        p.read_element::<Tlv<'_>>()?;
    }
    Ok(Parts { serial, issuer, subject, spki })
}
