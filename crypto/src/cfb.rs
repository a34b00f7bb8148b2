//! AES in CFB mode with full-block feedback, as TPMs use it (TPM 2.0 Part 1 §11.4.3).

use aes::{Aes128, Aes192, Aes256};
use cfb_mode::cipher::{AsyncStreamCipher, KeyIvInit};
use cfb_mode::{Decryptor, Encryptor};

use crate::CryptoError;

/// Bytes of an AES block and of an IV.
pub const BLOCK: usize = 16;

/// The IV of the outer wrapper of an object.
pub(super) const ZERO_IV: [u8; BLOCK] = [0; BLOCK];

/// Encrypts in place. The length of the key selects AES-128, AES-192 or AES-256.
///
/// # Errors
/// The key or IV has another length.
pub fn encrypt(key: &[u8], iv: &[u8], data: &mut [u8]) -> Result<(), CryptoError> {
    match key.len() {
        16 => Encryptor::<Aes128>::new_from_slices(key, iv).map(|aes| aes.encrypt(data)),
        24 => Encryptor::<Aes192>::new_from_slices(key, iv).map(|aes| aes.encrypt(data)),
        _ => Encryptor::<Aes256>::new_from_slices(key, iv).map(|aes| aes.encrypt(data)),
    }
    .map_err(|_| CryptoError::KeySize(key.len()))
}

/// Decrypts in place. The length of the key selects AES-128, AES-192 or AES-256.
///
/// # Errors
/// The key or IV has another length.
pub fn decrypt(key: &[u8], iv: &[u8], data: &mut [u8]) -> Result<(), CryptoError> {
    match key.len() {
        16 => Decryptor::<Aes128>::new_from_slices(key, iv).map(|aes| aes.decrypt(data)),
        24 => Decryptor::<Aes192>::new_from_slices(key, iv).map(|aes| aes.decrypt(data)),
        _ => Decryptor::<Aes256>::new_from_slices(key, iv).map(|aes| aes.decrypt(data)),
    }
    .map_err(|_| CryptoError::KeySize(key.len()))
}

#[cfg(test)]
mod tests {
    use super::{decrypt, encrypt};
    use crate::vectors::of;

    #[test]
    fn cfb_matches_the_vectors() {
        for v in of("cfb") {
            let (key, iv) = (v.bytes("key"), v.bytes("iv"));
            let mut data = v.bytes("plain");
            encrypt(&key, &iv, &mut data).unwrap();
            assert_eq!(data, v.bytes("cipher"), "{v}");
            decrypt(&key, &iv, &mut data).unwrap();
            assert_eq!(data, v.bytes("plain"), "{v}");
        }
    }

    #[test]
    fn keys_and_ivs_of_wrong_length_are_refused() {
        for (key, iv) in [(0, 16), (15, 16), (17, 16), (33, 16), (16, 0), (16, 15), (32, 17)] {
            assert!(encrypt(&vec![0; key], &vec![0; iv], &mut [0]).is_err());
            assert!(decrypt(&vec![0; key], &vec![0; iv], &mut [0]).is_err());
        }
    }
}
