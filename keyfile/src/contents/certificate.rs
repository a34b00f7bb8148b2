//! Finds the subject of a certificate (RFC 5280 §4.1), and writes one as PEM.

use asn1::{ParseError, Parser, Sequence, Tlv};

use crate::file::pem;

/// The bytes are not a certificate. The parser's error is large, and no caller needs it.
pub(super) struct NoCertificate;

impl From<ParseError> for NoCertificate {
    fn from(_: ParseError) -> Self {
        Self
    }
}

/// Returns the subject of a certificate as DER; `None` if the bytes are not a certificate.
#[must_use]
pub fn subject(certificate: &[u8]) -> Option<&[u8]> {
    asn1::parse_single::<Sequence<'_>>(certificate).ok()?.parse(of_certificate).ok()
}

/// Returns a certificate in DER as a PEM block; `None` if the bytes are too long.
#[must_use]
pub fn certificate_pem(certificate: &[u8]) -> Option<String> {
    pem::encode_as("CERTIFICATE", certificate).ok()
}

fn of_certificate<'a>(p: &mut Parser<'a>) -> Result<&'a [u8], NoCertificate> {
    let subject = p.read_element::<Sequence<'a>>()?.parse(of_contents)?;
    // signatureAlgorithm, signatureValue
    p.read_element::<Sequence<'a>>()?;
    p.read_element::<asn1::BitString<'a>>()?;
    Ok(subject)
}

fn of_contents<'a>(p: &mut Parser<'a>) -> Result<&'a [u8], NoCertificate> {
    if p.peek_tag() == Some(asn1::explicit_tag(0)) {
        p.read_element::<Tlv<'a>>()?;
    }
    p.read_element::<asn1::BigInt<'a>>()?;
    // signature, issuer, validity
    for _ in 0..3 {
        p.read_element::<Sequence<'a>>()?;
    }
    let subject = p.read_element::<Tlv<'a>>()?.full_data();
    while !p.is_empty() {
        p.read_element::<Tlv<'a>>()?;
    }
    Ok(subject)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Self-signed, P-256, CN=x.
    pub(crate) const CERTIFICATE: &str = "3082016e30820113a003020102021405cfd6a1bea077ea1051218232fe4a0301a7fa18300a06082a8648ce3d040302300c31\
        0a300806035504030c0178301e170d3236313132323036313332355a170d3236313132343036313332355a300c310a300806\
        035504030c01783059301306072a8648ce3d020106082a8648ce3d030107034200045e6a9b6a7b56c71866e346b9d9a32af7\
        9e69446523aabc0789b33a6b873c401939ce41123ad0d5b2ec90953f5115ff699a082d69944c21e3f691bb8d269794cea353\
        3051301d0603551d0e0416041493c9c5d54b14b90a0425a032af1f6699364652e8301f0603551d2304183016801493c9c5d5\
        4b14b90a0425a032af1f6699364652e8300f0603551d130101ff040530030101ff300a06082a8648ce3d0403020349003046\
        022100aa402a3154ab246e77a62b8bd3f2cb0dd57c4c0944f86c57c895314ba2a82928022100fdf71cdb682bca3efd6cb756\
        6e62c37766c94e6f6b98d983b356a8c59089d308";

    #[test]
    fn subject_is_found() {
        let certificate = hex::decode(CERTIFICATE).unwrap();
        assert_eq!(hex::encode(subject(&certificate).unwrap()), "300c310a300806035504030c0178");
        for end in 0..certificate.len() {
            assert!(subject(&certificate[..end]).is_none(), "{end}");
        }
    }
}
