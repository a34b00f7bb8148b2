//! Checks the input of a raw RSA operation, and pads its output.

use keyfile::{Public, PublicKey};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind};

/// Returns an error if the block is empty or not below the modulus: libtpms accepts an empty block, and enters failure mode for a
/// block that is too large.
pub(super) fn check(block: &[u8], public: &Public) -> Result<(), Error> {
    let PublicKey::Rsa { modulus, .. } = &public.key else {
        return Err(Error::new(ErrorKind::Input, "an RSA operation with a key that is not RSA"));
    };
    if block.len() != modulus.len() {
        let (is, must) = (block.len(), modulus.len());
        return Err(Error::new(ErrorKind::Input, format!("a block of {is} bytes for an RSA key of {must}")));
    }
    // Big-endian numbers of the same length compare like their bytes. Neither number is secret: the caller has padded the block.
    if block >= modulus.as_slice() {
        return Err(Error::new(ErrorKind::Input, "the block is not below the modulus of the RSA key"));
    }
    Ok(())
}

/// Returns the result padded to the length of the modulus. Without a scheme the result has that length (Part 1 Annex B.4), but some
/// TPMs remove leading zeros.
pub(super) fn left_padded(result: Zeroizing<Vec<u8>>, size: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
    let missing = size.checked_sub(result.len());
    let missing = missing.ok_or_else(|| Error::new(ErrorKind::Integrity, "the TPM's result is too long"))?;
    if missing == 0 {
        return Ok(result);
    }
    let mut whole = Zeroizing::new(vec![0; size]);
    if let Some(tail) = whole.get_mut(missing..) {
        tail.copy_from_slice(&result);
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use keyfile::Scheme;
    use keyfile::{Attributes, HashAlg, Symmetric};

    use super::*;

    #[test]
    fn a_block_must_be_below_the_modulus_and_of_its_length() {
        let key = PublicKey::Rsa {
            symmetric: Symmetric::Null,
            scheme: Scheme::Null,
            bits: 16,
            exponent: 0,
            modulus: vec![0xc0, 0x01],
        };
        let public =
            Public { name_alg: HashAlg::Sha256, attributes: Attributes::NONE, auth_policy: Vec::new(), key };
        assert!(check(&[0xc0, 0x00], &public).is_ok() && check(&[0, 0], &public).is_ok());
        for wrong in [&[0xc0, 0x01][..], &[0xff, 0xff], &[1], &[], &[0, 1, 0]] {
            assert_eq!(check(wrong, &public).unwrap_err().kind(), ErrorKind::Input, "{wrong:x?}");
        }
    }
}
