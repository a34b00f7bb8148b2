//! What the structure of a key file holds: a key, or the handle of a persistent one.

use super::source::Form;
use super::{Error, KeyFile, pem, reader, rules};
use crate::{Handle, KeyReference};

/// What a file with the structure of a key file holds.
pub enum Held {
    /// The key.
    Key(Box<KeyFile>),
    /// The handle of a persistent key, in place of the private key.
    Reference(Box<KeyReference>),
}

impl Held {
    /// Reads PEM with either label and any text around it, or plain DER.
    ///
    /// # Errors
    /// As [`KeyFile::parse`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        Contents::parse(bytes).map(Self::from)
    }

    /// Reads plain DER.
    ///
    /// # Errors
    /// As [`KeyFile::from_der`].
    pub fn from_der(bytes: &[u8]) -> Result<Self, Error> {
        Contents::from_der(bytes).map(Self::from)
    }
}

impl From<Contents> for Held {
    fn from(contents: Contents) -> Self {
        match contents {
            Contents::Key(key) => Self::Key(key),
            Contents::Persistent(_, reference) => Self::Reference(reference),
        }
    }
}

/// The same, as it was read.
pub(super) enum Contents {
    Key(Box<KeyFile>),
    /// A reference to the key at the handle.
    Persistent(Handle, Box<KeyReference>),
}

impl Contents {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        // 0x30 begins a DER SEQUENCE. It is also the digit 0, which can begin the text before a PEM block.
        if bytes.first() != Some(&0x30) {
            return Self::from_pem(bytes);
        }
        Self::from_der(bytes).or_else(|error| match Self::from_pem(bytes) {
            Err(Error::NoKey) => Err(error),
            other => other,
        })
    }

    pub(super) fn from_pem(bytes: &[u8]) -> Result<Self, Error> {
        rules::size(bytes)?;
        if pem::is_utf16(bytes) {
            return Err(Error::Utf16);
        }
        let (der, form) = pem::find(bytes)?;
        Self::read(&der, form)
    }

    pub(super) fn from_der(bytes: &[u8]) -> Result<Self, Error> {
        rules::size(bytes)?;
        Self::read(bytes, Form::Der)
    }

    fn read(der: &[u8], form: Form) -> Result<Self, Error> {
        match reader::read(der)? {
            Self::Key(key) => Ok(Self::Key(Box::new(key.read_from(der, form)?))),
            persistent => Ok(persistent),
        }
    }

    /// Returns the key.
    ///
    /// # Errors
    /// [`Error::Handle`] if there is a handle instead.
    pub(super) fn key(self) -> Result<KeyFile, Error> {
        match self {
            Self::Key(key) => Ok(*key),
            Self::Persistent(handle, _) => Err(Error::Handle(handle)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Marshal;
    use crate::{Content, ContentsError, contents};

    const HANDLE: [u8; 4] = [0x81, 0, 1, 1];
    const EMPTY_AUTH: [u8; 5] = [0xa0, 3, 1, 1, 0xff];
    const PARENT: [u8; 6] = [2, 4, 0x40, 0, 0, 1];

    fn tlv(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
        let contents = contents.concat();
        let [high, low] = u16::try_from(contents.len()).unwrap().to_be_bytes();
        let length = match (high, low) {
            (0, 0..0x80) => vec![low],
            (0, _) => vec![0x81, low],
            _ => vec![0x82, high, low],
        };
        [vec![tag], length, contents].concat()
    }

    fn public() -> Vec<u8> {
        let file = KeyFile::parse(include_bytes!("../../tests/data/encodeobject.pem")).unwrap();
        tlv(4, &[&file.public.to_sized().unwrap()])
    }

    /// Returns a file of the standard layout with this element before the parent.
    fn standard(element: &[u8]) -> Vec<u8> {
        let oid = [6, 6, 0x67, 0x81, 5, 10, 1, 3];
        tlv(0x30, &[&oid, &EMPTY_AUTH, element, &PARENT, &public(), &tlv(4, &[&HANDLE])])
    }

    /// Returns a file of the old layout with this element after the public area.
    fn old(element: &[u8]) -> Vec<u8> {
        let fields = [tlv(0xa1, &[&PARENT]), tlv(0xa2, &[&public()]), element.to_vec(), tlv(4, &[&HANDLE])];
        tlv(0x30, &[&[6, 5, 0x67, 0x81, 5, 10, 2], &EMPTY_AUTH, &fields.concat()])
    }

    fn uri(held: Result<Held, Error>) -> String {
        match held.unwrap() {
            Held::Reference(reference) => {
                assert!(reference.empty_auth);
                reference.uri.to_string()
            }
            Held::Key(_) => panic!("a key"),
        }
    }

    #[test]
    fn a_handle_is_found_in_every_form() {
        for der in [standard(&[]), old(&[])] {
            assert_eq!(uri(Held::from_der(&der)), "handle:0x81000101");
            assert_eq!(uri(Held::parse(&der)), "handle:0x81000101");
            assert_eq!(KeyFile::parse(&der).unwrap_err(), Error::Handle(Handle(0x8100_0101)));
            let block = pem::encode(&der).unwrap();
            // The digit 0, which also begins a DER SEQUENCE, may begin the text before a block.
            for before in ["", "the key:\n", "0 is its number:\n"] {
                assert_eq!(uri(Held::parse(format!("{before}{block}").as_bytes())), "handle:0x81000101");
            }
        }
    }

    #[test]
    fn a_policy_is_not_lost_with_the_reference() {
        // A policy without statements.
        for der in [standard(&[0xa1, 2, 0x30, 0]), old(&[0xa3, 2, 0x30, 0])] {
            assert_eq!(Held::from_der(&der).err(), Some(Error::Handle(Handle(0x8100_0101))));
        }
    }

    #[test]
    fn damaged_der_is_no_text_around_a_block() {
        let block = String::from_utf8(include_bytes!("../../tests/data/pytss.pem").to_vec()).unwrap();
        // The key file is cut off; its description contains another one.
        let text = tlv(0x0c, &[b"\n", block.as_bytes()]);
        let der = tlv(0x30, &[&[6, 6, 0x67, 0x81, 5, 10, 1, 3], &EMPTY_AUTH, &tlv(0xa4, &[&text])]);
        assert!(matches!(Held::from_der(&der), Err(Error::Asn1 { .. })));
        let error = contents(&der).map(|all| all.iter().filter(|one| matches!(one, Content::Key(_))).count());
        assert!(matches!(error, Err(ContentsError::Key(_))), "{error:?}");
    }
}
