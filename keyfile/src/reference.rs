//! A file that refers to a key in the TPM, for programs that can only open files: docs/reference-file.md.

mod error;

use asn1::{Explicit, Parser, Sequence, SequenceWriter, Tlv, Utf8String, VisibleString, WriteError};
use zeroize::Zeroizing;

use crate::Public;
use crate::file::asn1_types::Boolean;
use crate::file::pem;
use crate::wire::{Marshal, Unmarshal};
pub use error::ReferenceError;

/// The string at the beginning of such a file.
const DESCRIPTION: &str = "TPM2 Key Reference v1.0";

/// A reference to a key: its URI and its public area.
#[derive(Clone)]
pub struct KeyReference {
    /// The key's URI. It may hold a password.
    pub uri: Zeroizing<String>,
    /// True if the key is known to have no password.
    pub empty_auth: bool,
    /// The public area, so that the TPM is not asked for it before the key is used.
    pub public: Public,
}

impl KeyReference {
    /// The PEM label.
    pub const LABEL: &'static str = "TPM2 KEY REFERENCE";
    /// The size of the largest file that is read.
    pub const MAX_SIZE: usize = 1 << 16;

    /// Returns true if the DER begins like a reference; the first 32 bytes are enough.
    #[must_use]
    pub fn is_der(head: &[u8]) -> bool {
        let [0x30, length, rest @ ..] = head else { return false };
        // X.690 §8.1.3: the number of further length bytes, or the length itself.
        let further = if length & 0x80 == 0 { 0 } else { usize::from(length & 0x7f) };
        // A VisibleString: tag, length, first characters. A later version is a reference too.
        let Some([0x1a, _, text @ ..]) = rest.get(further..) else { return false };
        text.starts_with(b"TPM2 Key Referen")
    }

    /// Reads PEM with any text around it, or plain DER.
    ///
    /// # Errors
    /// [`ReferenceError`] if the bytes are not a reference, or are damaged.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReferenceError> {
        match Self::is_der(bytes) {
            true => Self::from_der(bytes),
            false => Self::from_pem(bytes),
        }
    }

    /// Reads the first PEM block with this label.
    ///
    /// # Errors
    /// [`ReferenceError`] if there is none, or if it is damaged.
    pub fn from_pem(bytes: &[u8]) -> Result<Self, ReferenceError> {
        Self::from_der(&Self::der(bytes)?)
    }

    /// Returns the DER in the first PEM block with this label.
    ///
    /// # Errors
    /// [`ReferenceError`] if there is none, or if it is not base64.
    pub fn der(bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, ReferenceError> {
        size(bytes)?;
        Ok(pem::block(bytes, &[Self::LABEL])?.der)
    }

    /// Reads plain DER.
    ///
    /// # Errors
    /// [`ReferenceError`] if the bytes are not a reference, or are damaged.
    pub fn from_der(bytes: &[u8]) -> Result<Self, ReferenceError> {
        size(bytes)?;
        let sequence = asn1::parse_single::<Sequence<'_>>(bytes)?;
        sequence.parse(|p| {
            let description = p.read_element::<VisibleString<'_>>()?;
            if description.as_str() != DESCRIPTION {
                return Err(ReferenceError::Version(description.as_str().chars().take(80).collect()));
            }
            let uri = Zeroizing::new(p.read_element::<Utf8String<'_>>()?.as_str().to_owned());
            let empty_auth = p.read_element::<Option<Explicit<Boolean, 0>>>()?;
            let public = Public::from_sized(p.read_element::<&[u8]>()?)?;
            skip(p)?;
            Ok(Self { uri, empty_auth: empty_auth.is_some_and(|flag| flag.into_inner().0), public })
        })
    }

    /// Returns the DER.
    ///
    /// # Errors
    /// [`ReferenceError`] if a part is too long.
    pub fn to_der(&self) -> Result<Zeroizing<Vec<u8>>, ReferenceError> {
        let public = self.public.to_sized()?;
        let description = VisibleString::new(DESCRIPTION).ok_or(ReferenceError::Memory)?;
        let fields = |w: &mut asn1::Writer<'_>| -> Result<(), WriteError> {
            w.write_element(&description)?;
            w.write_element(&Utf8String::new(&self.uri))?;
            w.write_element(&self.empty_auth.then(|| Explicit::<_, 0>::new(Boolean(true))))?;
            w.write_element(&public.as_slice())
        };
        // The buffer is allocated once: a buffer that grows leaves copies of the URI behind.
        let room =
            DESCRIPTION.len().saturating_add(self.uri.len()).saturating_add(public.len()).saturating_add(64);
        let body = |buffer: &mut asn1::WriteBuf| -> Result<(), WriteError> {
            buffer.reserve_additional(room)?;
            fields(&mut asn1::Writer::new(buffer))
        };
        let tag = <SequenceWriter<'_> as asn1::SimpleAsn1Writable>::TAG;
        let der = asn1::write(|w| w.write_tlv(tag, None, body));
        der.map(Zeroizing::new).map_err(|_: WriteError| ReferenceError::Memory)
    }

    /// Returns the PEM block.
    ///
    /// # Errors
    /// [`ReferenceError`] if a part is too long.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, ReferenceError> {
        pem::encode_as(Self::LABEL, &self.to_der()?).map(Zeroizing::new).map_err(ReferenceError::Pem)
    }
}

/// Skips elements that a later version may append.
fn skip(p: &mut Parser<'_>) -> Result<(), ReferenceError> {
    while !p.is_empty() {
        p.read_element::<Tlv<'_>>()?;
    }
    Ok(())
}

fn size(bytes: &[u8]) -> Result<(), ReferenceError> {
    match bytes.len() {
        size if size > KeyReference::MAX_SIZE => Err(ReferenceError::TooLarge { size }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Attributes, Curve, HashAlg, Kdf, PublicKey, Scheme, Symmetric};

    fn reference() -> KeyReference {
        let key = PublicKey::Ecc {
            symmetric: Symmetric::Null,
            scheme: Scheme::Null,
            curve: Curve::P256,
            kdf: Kdf::Null,
            x: vec![1; 32],
            y: vec![2; 32],
        };
        let public =
            Public { name_alg: HashAlg::Sha256, attributes: Attributes::SIGN, auth_policy: Vec::new(), key };
        KeyReference { uri: Zeroizing::new("handle:0x81000101".to_owned()), empty_auth: true, public }
    }

    #[track_caller]
    fn assert_same(read: Result<KeyReference, ReferenceError>, written: &KeyReference) {
        let read = read.ok().unwrap();
        assert_eq!((read.uri, read.empty_auth), (written.uri.clone(), written.empty_auth));
        assert_eq!(read.public, written.public);
    }

    #[test]
    fn written_reference_is_read_back() {
        for empty_auth in [true, false] {
            let reference = KeyReference { empty_auth, ..reference() };
            let der = reference.to_der().unwrap();
            assert!(KeyReference::is_der(&der) && KeyReference::is_der(&der[..32]));
            assert_same(KeyReference::parse(&der), &reference);
            let pem = reference.to_pem().unwrap();
            let pem = pem.as_str();
            assert!(pem.starts_with("-----BEGIN TPM2 KEY REFERENCE-----\n"), "{pem}");
            assert_same(KeyReference::parse(format!("text before\n{pem}and behind").as_bytes()), &reference);
            assert_eq!(KeyReference::der(pem.as_bytes()).unwrap(), der);
        }
    }

    #[test]
    fn damage_is_detected_everywhere() {
        let der = reference().to_der().unwrap();
        for end in 0..der.len() {
            assert!(KeyReference::from_der(&der[..end]).is_err(), "{end}");
        }
        for foreign in [&b"0\x03\x02\x01\x00"[..], b"", b"\x30\x80", &[0x30; 40]] {
            assert!(!KeyReference::is_der(foreign));
            assert!(KeyReference::parse(foreign).is_err());
        }
        let pem = reference().to_pem().unwrap();
        let cut = KeyReference::parse(&pem.as_bytes()[..pem.len() - 10]).err().unwrap();
        assert!(cut.to_string().contains("no END line") && cut.to_string().contains("tpm2-keytool"));
        let mut later = der;
        let version = later.windows(4).position(|part| part == b"v1.0").unwrap();
        later[version + 1] = b'2';
        assert!(KeyReference::is_der(&later));
        assert!(matches!(KeyReference::parse(&later), Err(ReferenceError::Version(_))));
        assert!(KeyReference::parse(&vec![b'x'; KeyReference::MAX_SIZE + 1]).is_err());
    }

    #[test]
    fn elements_of_a_later_version_are_skipped() {
        let mut der = reference().to_der().unwrap();
        let length = usize::from(der[2]);
        assert_eq!(der[1], 0x81);
        der[2] = u8::try_from(length + 4).unwrap();
        der.extend([0xa5, 2, 5, 0]);
        assert_same(KeyReference::parse(&der), &reference());
    }
}
