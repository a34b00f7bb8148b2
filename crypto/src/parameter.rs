//! Encrypts the first parameter of a command or response, if it has a size field (TPM 2.0 Part 1 §21.3).

use keyfile::HashAlg;
use zeroize::Zeroizing;

use crate::hmac::{Nonces, bytes_to_bits};
use crate::kdfa::kdfa;
use crate::{CryptoError, cfb};

/// Encrypts the contents of a command's first parameter in place, without its size, before cpHash is computed.
///
/// `hash` and `bits` (of the AES key) belong to the session. `value` is session key ‖ authValue if the session also authorizes,
/// otherwise the session key.
///
/// # Errors
/// There is no AES with keys of `bits` bits.
pub fn encrypt(
    hash: HashAlg,
    bits: u16,
    value: &[u8],
    nonces: Nonces<'_>,
    data: &mut [u8],
) -> Result<(), CryptoError> {
    let derived = key_and_iv(hash, bits, value, nonces)?;
    let (key, iv) = split(&derived);
    cfb::encrypt(key, iv, data)
}

/// Decrypts the contents of a response's first parameter in place, after rpHash was verified.
///
/// # Errors
/// There is no AES with keys of `bits` bits.
pub fn decrypt(
    hash: HashAlg,
    bits: u16,
    value: &[u8],
    nonces: Nonces<'_>,
    data: &mut [u8],
) -> Result<(), CryptoError> {
    let derived = key_and_iv(hash, bits, value, nonces)?;
    let (key, iv) = split(&derived);
    cfb::decrypt(key, iv, data)
}

fn key_and_iv(
    hash: HashAlg,
    bits: u16,
    value: &[u8],
    nonces: Nonces<'_>,
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    if !matches!(bits, 128 | 192 | 256) {
        return Err(CryptoError::KeySize(usize::from(bits / 8)));
    }
    let bits = u32::from(bits).saturating_add(bytes_to_bits(cfb::BLOCK));
    Ok(kdfa(hash, value, "CFB", nonces.newer, nonces.older, bits))
}

fn split(derived: &[u8]) -> (&[u8], &[u8]) {
    derived.split_at(derived.len().saturating_sub(cfb::BLOCK))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::of;

    #[test]
    fn parameter_encryption_matches_the_vectors() {
        for v in of("parameter") {
            let (hash, bits, value) = (v.hash(), u16::try_from(v.number("bits")).unwrap(), v.bytes("value"));
            let (caller, tpm) = (v.bytes("caller"), v.bytes("tpm"));
            let mut data = v.bytes("plain");
            encrypt(hash, bits, &value, Nonces::of_command(&caller, &tpm), &mut data).unwrap();
            assert_eq!(data, v.bytes("command"), "{v}");
            let mut data = v.bytes("response");
            decrypt(hash, bits, &value, Nonces::of_response(&caller, &tpm), &mut data).unwrap();
            assert_eq!(data, v.bytes("plain"), "{v}");
        }
    }

    #[test]
    fn only_aes_128_192_and_256_are_accepted() {
        let nonces = Nonces::of_command(b"caller", b"tpm");
        for bits in [0, 1, 127, 129, 160, 512, u16::MAX] {
            assert!(encrypt(HashAlg::Sha256, bits, b"", nonces, &mut [0]).is_err(), "{bits}");
        }
    }
}
