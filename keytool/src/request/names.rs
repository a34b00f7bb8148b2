//! The subject and the subject alternative names of a request.

use std::net::IpAddr;
use std::str::FromStr;

use der::Encode;
use der::asn1::{Ia5String, OctetString};
use openssl::x509::X509NameBuilder;
use x509_cert::attr::Attribute;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::request::ExtensionReq;
use x509_cert::spki::ObjectIdentifier;

use crate::error::Error;

/// id-ce-subjectAltName
const SUBJECT_ALTERNATIVE_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

/// A subject alternative name.
#[derive(Clone)]
pub(super) struct AlternativeName(GeneralName);

impl FromStr for AlternativeName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "give DNS:NAME, IP:ADDRESS, email:ADDRESS or URI:URI".to_owned();
        let (kind, value) = text.split_once(':').ok_or_else(wrong)?;
        let ascii = || Ia5String::new(value).map_err(|_| wrong());
        Ok(Self(match kind {
            "DNS" => GeneralName::DnsName(ascii()?),
            "email" => GeneralName::Rfc822Name(ascii()?),
            "URI" => GeneralName::UniformResourceIdentifier(ascii()?),
            "IP" => value.parse::<IpAddr>().map_err(|_| wrong())?.into(),
            _ => return Err(wrong()),
        }))
    }
}

/// Returns the attribute extensionRequest with the names, in DER; none without names. The extension need not be critical, because the
/// subject is not empty (RFC 5280 §4.2.1.6).
pub(super) fn extension_request(names: &[AlternativeName]) -> Result<Vec<Vec<u8>>, Error> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let names = SubjectAltName(names.iter().map(|AlternativeName(name)| name.clone()).collect());
    let attribute = names.to_der().and_then(OctetString::new).and_then(|extn_value| {
        let extension = Extension { extn_id: SUBJECT_ALTERNATIVE_NAME, critical: false, extn_value };
        Attribute::try_from(ExtensionReq(vec![extension]))?.to_der()
    });
    let attribute = attribute.map_err(|error| {
        Error::request(
            format!("cannot write the alternative names: {error}"),
            "give shorter names with --san",
        )
    })?;
    Ok(vec![attribute])
}

/// Parses a name as `openssl req -subj` does, without its escapes: /TYPE=VALUE/TYPE=VALUE. Returns DER.
pub(super) fn subject(text: &str) -> Result<Vec<u8>, Error> {
    let built = || {
        let mut name = X509NameBuilder::new().ok()?;
        for part in text.strip_prefix('/')?.split('/') {
            let (kind, value) = part.split_once('=')?;
            name.append_entry_by_text(kind, value).ok()?;
        }
        name.build().to_der().ok()
    };
    built().ok_or_else(|| {
        Error::request(
            "the subject is not a list of /TYPE=VALUE with known types",
            "give it as /CN=NAME, with other parts such as /O=NAME before it",
        )
    })
}
