//! Reads everything in an NV index or a file: keys, references, certificates, revocation lists and public keys, as DER or as PEM.
//!
//! An index is defined before the length of its contents is known, so bytes after a DER structure are padding.

mod certificate;
mod revocation_list;

use std::fmt;

use asn1::{Sequence, Tlv};

use crate::file::pem::{self, Fault};
use crate::{Error, Held, KeyFile, KeyReference, ReferenceError};
pub use certificate::{certificate_pem, subject};
pub use revocation_list::issuer;

/// One item found in the bytes.
#[derive(Clone)]
pub enum Content {
    /// A key file.
    Key(Box<KeyFile>),
    /// A reference to a key in the TPM.
    Reference(Box<KeyReference>),
    /// An X.509 certificate in DER.
    Certificate(Vec<u8>),
    /// An X.509 certificate revocation list in DER.
    RevocationList(Vec<u8>),
    /// A SubjectPublicKeyInfo in DER.
    PublicKey(Vec<u8>),
}

/// The labels of the PEM blocks that this module reads.
const LABELS: [&str; 7] = [
    "TSS2 PRIVATE KEY",
    "TSS2 KEY BLOB",
    KeyReference::LABEL,
    "CERTIFICATE",
    "X509 CERTIFICATE",
    "X509 CRL",
    "PUBLIC KEY",
];

/// Returns everything in these bytes, in order.
///
/// # Errors
/// [`ContentsError`] if the bytes contain nothing that is known, or something damaged.
pub fn contents(bytes: &[u8]) -> Result<Vec<Content>, ContentsError> {
    let mut found = Vec::new();
    let mut rest = bytes;
    if rest.first() == Some(&0x30) {
        while rest.first() == Some(&0x30) {
            let (structure, after) = asn1::strip_tlv(rest)?;
            found.push(classify(structure.full_data())?);
            rest = after;
        }
        return Ok(found);
    }
    loop {
        match pem::block(rest, &LABELS) {
            Ok(block) => {
                found.push(classify(&block.der)?);
                rest = rest.get(block.range.end..).unwrap_or_default();
            }
            Err(Fault::None) if found.is_empty() => return Err(ContentsError::Nothing),
            Err(Fault::None) => return Ok(found),
            Err(fault) => return Err(ContentsError::Block(fault.into())),
        }
    }
}

/// Classifies an item by its structure and ignores its label.
fn classify(der: &[u8]) -> Result<Content, ContentsError> {
    if KeyReference::is_der(der) {
        return Ok(Content::Reference(Box::new(KeyReference::from_der(der)?)));
    }
    let (first, others) = asn1::parse_single::<Sequence<'_>>(der)?.parse(|p| {
        let first = p.read_element::<Tlv<'_>>()?;
        let mut others = Vec::new();
        while !p.is_empty() {
            others.extend(p.read_element::<Tlv<'_>>()?.full_data().first().copied());
        }
        Ok::<_, ContentsError>((first, others))
    })?;
    // A key file begins with its type. A certificate and a public key begin with a SEQUENCE; in a public key it is the algorithm. An
    // encrypted private key begins with an algorithm too, but an OCTET STRING follows it.
    const BIT_STRING: u8 = 0x03;
    const OID: u8 = 0x06;
    const SEQUENCE: u8 = 0x30;
    match (first.full_data().first(), first.data().first()) {
        (Some(&OID), _) => Ok(match Held::from_der(der)? {
            Held::Reference(reference) => Content::Reference(reference),
            Held::Key(key) => Content::Key(key),
        }),
        (Some(&SEQUENCE), Some(&OID)) if others == [BIT_STRING] => Ok(Content::PublicKey(der.to_vec())),
        (Some(&SEQUENCE), _) if subject(der).is_some() => Ok(Content::Certificate(der.to_vec())),
        (Some(&SEQUENCE), _) if issuer(der).is_some() => Ok(Content::RevocationList(der.to_vec())),
        _ => Err(ContentsError::Unknown),
    }
}

/// Why the contents cannot be read.
#[derive(Debug)]
pub enum ContentsError {
    /// The bytes are neither DER nor contain a known PEM block.
    Nothing,
    /// The DER is another structure.
    Unknown,
    /// The DER is damaged.
    Asn1(Box<asn1::ParseError>),
    /// A PEM block is damaged.
    Block(BlockError),
    /// A key file is damaged.
    Key(Box<Error>),
    /// A reference file is damaged.
    Reference(Box<ReferenceError>),
}

/// What is wrong with a PEM block.
#[derive(Debug)]
pub struct BlockError(Fault);

impl From<Fault> for BlockError {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

impl fmt::Display for BlockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Fault::Damaged(source) => write!(f, "a PEM block is damaged: {source}"),
            Fault::NoEnd | Fault::None => f.write_str("a PEM block has no END line"),
        }
    }
}

impl fmt::Display for ContentsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => {
                f.write_str("there is no key, certificate, revocation list or public key, in PEM or DER")
            }
            Self::Unknown => {
                f.write_str("the DER is not a key file, certificate, revocation list or public key")
            }
            Self::Asn1(source) => write!(f, "the DER is damaged or cut off: {source}"),
            Self::Block(source) => source.fmt(f),
            Self::Key(source) => source.fmt(f),
            Self::Reference(source) => source.fmt(f),
        }
    }
}

impl std::error::Error for ContentsError {}

impl From<asn1::ParseError> for ContentsError {
    fn from(source: asn1::ParseError) -> Self {
        Self::Asn1(Box::new(source))
    }
}

impl From<Error> for ContentsError {
    fn from(source: Error) -> Self {
        Self::Key(Box::new(source))
    }
}

impl From<ReferenceError> for ContentsError {
    fn from(source: ReferenceError) -> Self {
        Self::Reference(Box::new(source))
    }
}

#[cfg(test)]
mod tests {
    use super::certificate::tests::CERTIFICATE;
    use super::*;

    /// P-256.
    const PUBLIC_KEY: &str = "3059301306072a8648ce3d020106082a8648ce3d03010703420004\
        d2828d2da9ac617e13bdef0e73fde608f461eb6acfd2e23a372f62cc5e062f1d\
        c05dce665096b053ee734d29f2dfa7c01fac3f987eecfc0fc5caa0f2ff724449";

    fn kinds(bytes: &[u8]) -> Result<String, ContentsError> {
        let letter = |content: &Content| match content {
            Content::Key(_) => 'k',
            Content::Reference(_) => 'r',
            Content::Certificate(_) => 'c',
            Content::RevocationList(_) => 'l',
            Content::PublicKey(_) => 'p',
        };
        Ok(contents(bytes)?.iter().map(letter).collect())
    }

    #[test]
    fn padding_is_dropped_and_several_items_are_read() {
        let (certificate, public) = (hex::decode(CERTIFICATE).unwrap(), hex::decode(PUBLIC_KEY).unwrap());
        for padding in [&b""[..], &[0; 100], &[0xff; 7], b"garbage"] {
            let bytes = [&certificate, padding].concat();
            assert!(
                matches!(&contents(&bytes).unwrap()[..], [Content::Certificate(der)] if *der == certificate)
            );
            assert_eq!(kinds(&[&public, &certificate[..], padding].concat()).unwrap(), "pc");
        }
        let pem = |label, der: &[u8]| pem::encode_as(label, der).unwrap();
        let chain = pem("CERTIFICATE", &certificate) + "and another:\n" + &pem("PUBLIC KEY", &public);
        for padding in [&b""[..], &[0; 100], &[0xff; 7]] {
            assert_eq!(kinds(&[chain.as_bytes(), padding].concat()).unwrap(), "cp");
        }
        let key = include_bytes!("../tests/data/encodeobject.pem");
        assert_eq!(kinds(&[&key[..], chain.as_bytes()].concat()).unwrap(), "kcp");
    }

    #[test]
    fn unreadable_contents_are_reported() {
        let why = |bytes: &[u8]| contents(bytes).err().unwrap();
        for nothing in [&b""[..], &[0; 9], &[0xff; 9], b"text"] {
            assert!(matches!(why(nothing), ContentsError::Nothing));
        }
        // A PrivateKeyInfo, an encrypted one, and a public key followed by another element. Then an empty SEQUENCE, and DER that ends
        // early.
        for other in ["3007020100300206000400", "3007300306012a0400", "3009300306012a03000500"] {
            assert!(matches!(why(&hex::decode(other).unwrap()), ContentsError::Unknown), "{other}");
        }
        assert!(contents(b"\x30\x00").is_err());
        assert!(matches!(why(&hex::decode(&CERTIFICATE[..100]).unwrap()), ContentsError::Asn1(_)));
        assert!(matches!(why(b"-----BEGIN CERTIFICATE-----\nAAAA\n"), ContentsError::Block(_)));
        assert!(matches!(
            why(b"-----BEGIN CERTIFICATE-----\nMAA\n-----END CERTIFICATE-----\n"),
            ContentsError::Block(_)
        ));
    }
}
