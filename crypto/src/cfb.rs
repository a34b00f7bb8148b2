//! AES in CFB mode with full-block feedback, as TPMs use it (TPM 2.0 Part 1 §11.4.3).

use aes::{Aes128Enc, Aes192Enc, Aes256Enc};
use cfb_mode::cipher::{AsyncStreamCipher, BlockCipher, BlockEncrypt, InnerIvInit, KeyInit};
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
        16 => encrypt_by::<Aes128Enc>(key, iv, data),
        24 => encrypt_by::<Aes192Enc>(key, iv, data),
        _ => encrypt_by::<Aes256Enc>(key, iv, data),
    }
}

/// Decrypts in place. The length of the key selects AES-128, AES-192 or AES-256.
///
/// # Errors
/// The key or IV has another length.
pub fn decrypt(key: &[u8], iv: &[u8], data: &mut [u8]) -> Result<(), CryptoError> {
    match key.len() {
        16 => decrypt_by::<Aes128Enc>(key, iv, data),
        24 => decrypt_by::<Aes192Enc>(key, iv, data),
        _ => decrypt_by::<Aes256Enc>(key, iv, data),
    }
}

// A cipher with its round keys has a kilobyte. Inlined into one function and moved, three of them use 8 KiB of a stack that may have
// only 32 (ASYNC_start_job(3ossl)). CFB decrypts with the cipher's encryption.

#[inline(never)]
fn encrypt_by<C>(key: &[u8], iv: &[u8], data: &mut [u8]) -> Result<(), CryptoError>
where
    C: BlockEncrypt + BlockCipher + KeyInit,
{
    let cipher = C::new_from_slice(key).map_err(|_| CryptoError::KeySize(key.len()))?;
    let mode = Encryptor::inner_iv_slice_init(&cipher, iv).map_err(|_| CryptoError::KeySize(key.len()))?;
    mode.encrypt(data);
    Ok(())
}

#[inline(never)]
fn decrypt_by<C>(key: &[u8], iv: &[u8], data: &mut [u8]) -> Result<(), CryptoError>
where
    C: BlockEncrypt + BlockCipher + KeyInit,
{
    let cipher = C::new_from_slice(key).map_err(|_| CryptoError::KeySize(key.len()))?;
    let mode = Decryptor::inner_iv_slice_init(&cipher, iv).map_err(|_| CryptoError::KeySize(key.len()))?;
    mode.decrypt(data);
    Ok(())
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
