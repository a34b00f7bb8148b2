//! Key files without a private key: tpm2-tss-engine and tpm2-openssl write the handle of a persistent key instead.

use super::asn1_types::{Boolean, Unsigned};
use super::pem;
use super::reader::{field, optional, public_area};
use super::{Error, KeyFile, Kind};
use crate::{Handle, KeyReference};
use asn1::{ObjectIdentifier, Sequence};
use zeroize::Zeroizing;

/// Returns the handle in the private key's field, if the field contains a handle.
///
/// tpm2-tss-engine writes the four bytes of the handle. tpm2-openssl 1.1 writes its memory, which contains the handle, as if it were a
/// TPM2B_PRIVATE on a little-endian machine: the lower half is read as the size, and zeros follow the upper half. If that size is one, only
/// the 0x81 is lost. If it is zero, the whole upper half is lost; the first handles have 0x8100 there.
pub(super) fn handle(private: &[u8]) -> Option<Handle> {
    let whole = <[u8; 4]>::try_from(private).map(|bytes| Handle(u32::from_be_bytes(bytes)));
    if let Some(handle) = whole.ok().filter(|handle| handle.is_persistent()) {
        return Some(handle);
    }
    let (&[size_high, size_low], rest) = private.split_first_chunk()?;
    if usize::from(u16::from_be_bytes([size_high, size_low])) != rest.len() {
        return None;
    }
    let (upper, zeros) = match rest {
        [] => ([0x81, 0], &[][..]),
        &[low] => ([0x81, low], &[][..]),
        &[low, 0x81, ref zeros @ ..] => ([0x81, low], zeros),
        _ => return None,
    };
    let is_private = zeros.iter().any(|&byte| byte != 0);
    (!is_private).then(|| Handle(u32::from_be_bytes([upper[0], upper[1], size_high, size_low])))
}

/// What a file with the structure of a key file holds.
pub enum Held {
    /// The key.
    Key(Box<KeyFile>),
    /// The handle of a persistent key, in place of the private key.
    Reference(Box<KeyReference>),
}

impl Held {
    /// Reads PEM or DER.
    ///
    /// # Errors
    /// As [`KeyFile::parse`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        match KeyFile::parse(bytes) {
            Err(error @ Error::Handle(_)) => {
                reference(bytes).map(|reference| Self::Reference(Box::new(reference))).ok_or(error)
            }
            key => Ok(Self::Key(Box::new(key?))),
        }
    }
}

fn reference(bytes: &[u8]) -> Option<KeyReference> {
    if bytes.first() == Some(&0x30) {
        return read(bytes).ok().flatten();
    }
    let (der, _) = pem::find(bytes).ok()?;
    read(&der).ok().flatten()
}

fn read(der: &[u8]) -> Result<Option<KeyReference>, Error> {
    asn1::parse_single::<Sequence<'_>>(der)?.parse(|p| {
        let is_key = Kind::from_oid(&field::<ObjectIdentifier>(p, "type")?) == Some(Kind::Loadable);
        let empty_auth = optional::<Boolean, 0>(p, "emptyAuth")?.is_some_and(|flag| flag.0);
        field::<Unsigned>(p, "parent")?;
        let public = public_area(field::<&[u8]>(p, "pubkey")?)?;
        let handle = handle(field::<&[u8]>(p, "privkey")?).filter(|_| is_key);
        Ok(handle.map(|handle| KeyReference {
            uri: Zeroizing::new(format!("handle:{handle}")),
            empty_auth,
            public,
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_are_distinguished_from_private_keys() {
        let of = |hex: &str| handle(&hex::decode(hex).unwrap()).map(|handle| handle.0);
        assert_eq!(of("81000101"), Some(0x8100_0101));
        assert_eq!((of("80000001"), of("40000001"), of(""), of("00")), (None, None, None, None));
        // What tpm2-openssl 1.1 writes for 0x81000000, 0x81000001, 0x81010001, 0x81000004 and 0x81010002.
        assert_eq!((of("0000"), of("000100")), (Some(0x8100_0000), Some(0x8100_0001)));
        assert_eq!(of("000101"), Some(0x8101_0001));
        assert_eq!((of("000400810000"), of("00020181")), (Some(0x8100_0004), Some(0x8101_0002)));
        // A private area begins with the size of its integrity value.
        let private = ["0024", "0020", &"5a".repeat(34)].concat();
        assert_eq!((of(&private), of("0004008100"), of("000400810001")), (None, None, None));
    }
}
