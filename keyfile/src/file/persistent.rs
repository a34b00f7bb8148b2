//! Key files without a private key: tpm2-tss-engine and tpm2-openssl write the handle of a persistent key instead.

use super::Error;
use super::held::Contents;
use super::reader::public_area;
use crate::{Handle, KeyReference};
use zeroize::Zeroizing;

/// Returns the contents of a file with this handle, if a reference can express them: if the file is plain.
///
/// # Errors
/// [`Error::Handle`] if the file has more, or if its public area is damaged: the handle is what the user can use.
pub(super) fn contents(
    handle: Handle,
    is_plain: bool,
    empty_auth: bool,
    public: &[u8],
) -> Result<Contents, Error> {
    match public_area(public) {
        Ok(public) if is_plain => {
            let uri = Zeroizing::new(format!("handle:{handle}"));
            Ok(Contents::Persistent(handle, Box::new(KeyReference { uri, empty_auth, public })))
        }
        _ => Err(Error::Handle(handle)),
    }
}

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
