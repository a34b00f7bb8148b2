//! The certificate of the leaf. OpenSSL makes it, signed with the leaf key itself; then the issuer's algorithm and signature
//! replace those.

use openssl::asn1::{Asn1Object, Asn1OctetString, Asn1TimeRef};
use openssl::bn::{BigNum, MsbOption};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKeyRef, Private};
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
    SubjectKeyIdentifier,
};
use openssl::x509::{X509Builder, X509Extension, X509NameBuilder};

use super::issuer::Issuer;
use super::name::HostName;

/// The longest commonName (RFC 5280 appendix A.1, ub-common-name).
const LONGEST_COMMON_NAME: usize = 64;

/// The bits of a serial number: the most that fit in 20 bytes with a clear sign bit (RFC 5280 §4.1.2.2).
const SERIAL: i32 = 159;

/// noRevAvail (RFC 9608): no one publishes revocations of a certificate that lives for hours.
const NO_REVOCATION: (&str, &[u8]) = ("2.5.29.56", &[5, 0]);

/// The content of a leaf certificate.
pub(super) struct Leaf<'a> {
    pub(super) names: &'a [HostName],
    pub(super) key: &'a PKeyRef<Private>,
    pub(super) not_before: &'a Asn1TimeRef,
    pub(super) not_after: &'a Asn1TimeRef,
}

impl Leaf<'_> {
    /// Returns the certificate in DER, signed with its own key.
    ///
    /// # Errors
    /// OpenSSL fails.
    pub(super) fn draft(&self, issuer: &Issuer) -> Result<Vec<u8>, ErrorStack> {
        let ca = issuer.certificate();
        let mut builder = X509Builder::new()?;
        builder.set_version(2)?;
        let mut serial = BigNum::new()?;
        serial.rand(SERIAL, MsbOption::MAYBE_ZERO, false)?;
        builder.set_serial_number(&*serial.to_asn1_integer()?)?;
        builder.set_issuer_name(ca.subject_name())?;
        builder.set_not_before(self.not_before)?;
        builder.set_not_after(self.not_after)?;
        let common = self.names.iter().find(|name| name.as_str().len() <= LONGEST_COMMON_NAME);
        let mut subject = X509NameBuilder::new()?;
        if let Some(name) = common {
            subject.append_entry_by_text("CN", name.as_str())?;
        }
        builder.set_subject_name(&subject.build())?;
        builder.set_pubkey(self.key)?;
        let names = alternative_names(self.names, common.is_none());
        let context = builder.x509v3_context(Some(ca), None);
        let extensions = [
            BasicConstraints::new().critical().build()?,
            KeyUsage::new().critical().digital_signature().build()?,
            ExtendedKeyUsage::new().server_auth().build()?,
            names.build(&context)?,
            SubjectKeyIdentifier::new().build(&context)?,
            AuthorityKeyIdentifier::new().keyid(false).build(&context)?,
            no_revocation()?,
        ];
        extensions.iter().try_for_each(|extension| builder.append_extension2(extension))?;
        builder.sign(self.key, MessageDigest::sha256())?;
        builder.build().to_der()
    }
}

/// Returns subjectAltName. It is critical if the subject is empty (RFC 5280 §4.2.1.6).
fn alternative_names(names: &[HostName], critical: bool) -> SubjectAlternativeName {
    let mut all = SubjectAlternativeName::new();
    for name in names {
        all.dns(name.as_str());
    }
    if critical {
        all.critical();
    }
    all
}

fn no_revocation() -> Result<X509Extension, ErrorStack> {
    let (oid, value) = NO_REVOCATION;
    let value = Asn1OctetString::new_from_bytes(value)?;
    X509Extension::new_from_der(&*Asn1Object::from_str(oid)?, false, &value)
}
