//! Finds the issuer of a certificate revocation list (RFC 5280 §5.1).

use asn1::{Parser, Sequence, Tlv};

use super::certificate::NoCertificate;

/// Returns the issuer of a revocation list as DER; `None` if the bytes are not a revocation list.
#[must_use]
pub fn issuer(list: &[u8]) -> Option<&[u8]> {
    asn1::parse_single::<Sequence<'_>>(list).ok()?.parse(of_list).ok()
}

fn of_list<'a>(p: &mut Parser<'a>) -> Result<&'a [u8], NoCertificate> {
    let issuer = p.read_element::<Sequence<'a>>()?.parse(of_contents)?;
    // signatureAlgorithm, signatureValue
    p.read_element::<Sequence<'a>>()?;
    p.read_element::<asn1::BitString<'a>>()?;
    Ok(issuer)
}

/// Universal tags (X.680 §8.4).
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

fn of_contents<'a>(p: &mut Parser<'a>) -> Result<&'a [u8], NoCertificate> {
    // version, which version 1 leaves out
    p.read_element::<Option<u8>>()?;
    // signature
    p.read_element::<Sequence<'a>>()?;
    let issuer = p.read_element::<Tlv<'a>>()?.full_data();
    // thisUpdate: in a certificate a SEQUENCE is here.
    let update = p.read_element::<Tlv<'a>>()?.full_data();
    if !matches!(update.first(), Some(&UTC_TIME | &GENERALIZED_TIME)) {
        return Err(NoCertificate);
    }
    while !p.is_empty() {
        p.read_element::<Tlv<'a>>()?;
    }
    Ok(issuer)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::certificate::{subject, tests::CERTIFICATE};
    use super::*;

    /// Of CN=x, P-256, without entries.
    pub(crate) const LIST: &str = "3081a3304b020101300a06082a8648ce3d040302300c310a300806035504030c0178170d3236313132393032353531385a17\
        0d3236313232393032353531385aa00e300c300a0603551d140403020101300a06082a8648ce3d0403020348003045022100\
        8dc4575223d85f8a3ef8d3411564d32701b45278e1b1f78c86ec0af9f4474674022001010821cf54ec84f9c3b3165416314c\
        47332110146e91daecf60aa8eded1362";

    #[test]
    fn the_issuer_is_found() {
        let list = hex::decode(LIST).unwrap();
        assert_eq!(hex::encode(issuer(&list).unwrap()), "300c310a300806035504030c0178");
        assert!(subject(&list).is_none(), "it is no certificate");
        assert!(issuer(&hex::decode(CERTIFICATE).unwrap()).is_none(), "a certificate is no list");
        for end in 0..list.len() {
            assert!(issuer(&list[..end]).is_none(), "{end}");
        }
    }
}
