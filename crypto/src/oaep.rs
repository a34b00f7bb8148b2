//! RSA-OAEP for secrets sent to a TPM (TPM 2.0 Part 1 Annex B.4, B.10), with the public operation of the `rsa` crate.

use std::num::NonZeroU32;

use keyfile::HashAlg;
use rsa::rand_core::{CryptoRng, Error, RngCore};
use rsa::{BigUint, Oaep, RsaPublicKey};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use crate::CryptoError;
use crate::random::Random;

/// Larger RSA keys are refused: no TPM has them, and they would take seconds.
const MAX_BITS: usize = 8192;

/// Encrypts `secret` to the key. `hash` is used for the label and the mask. The label ends with a zero byte, which the TPM includes.
#[inline(never)]
pub(super) fn encrypt(
    hash: HashAlg,
    label: &str,
    modulus: &[u8],
    exponent: u32,
    secret: &[u8],
    random: &mut dyn Random,
) -> Result<Vec<u8>, CryptoError> {
    let modulus = BigUint::from_bytes_be(modulus);
    let key = RsaPublicKey::new_with_max_size(modulus, BigUint::from(exponent), MAX_BITS)
        .map_err(CryptoError::Rsa)?;
    let label = format!("{label}\0");
    let padding = match hash {
        HashAlg::Sha1 => Oaep::new_with_label::<Sha1, _>(label),
        HashAlg::Sha256 => Oaep::new_with_label::<Sha256, _>(label),
        HashAlg::Sha384 => Oaep::new_with_label::<Sha384, _>(label),
        HashAlg::Sha512 => Oaep::new_with_label::<Sha512, _>(label),
    };
    let mut seed = Seed { bytes: random.bytes(hash.size())?, used: 0 };
    let encrypted = key.encrypt(&mut seed, padding, secret).map_err(CryptoError::Rsa)?;
    if seed.used != hash.size() {
        return Err(CryptoError::Random(getrandom::Error::UNEXPECTED));
    }
    Ok(encrypted)
}

/// The seed of OAEP, drawn in advance: the crate's random number generators cannot report an error, ours can.
struct Seed {
    bytes: Zeroizing<Vec<u8>>,
    used: usize,
}

impl RngCore for Seed {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_be_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_be_bytes(bytes)
    }

    fn fill_bytes(&mut self, to: &mut [u8]) {
        // Bytes beyond those drawn stay zero here; `encrypt` detects that by the count and fails.
        self.bytes.iter().skip(self.used).zip(to.iter_mut()).for_each(|(from, to)| *to = *from);
        self.used = self.used.saturating_add(to.len());
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Error> {
        if self.bytes.len().saturating_sub(self.used) < to.len() {
            return Err(NonZeroU32::MIN.into());
        }
        self.fill_bytes(to);
        Ok(())
    }
}

impl CryptoRng for Seed {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::{Known, of};

    #[test]
    fn oaep_matches_the_vectors() {
        for v in of("oaep") {
            let (n, e) = (v.bytes("modulus"), v.number("exponent"));
            let mut random = Known::new([v.bytes("seed")]);
            let out = encrypt(v.hash(), v.text("label"), &n, e, &v.bytes("secret"), &mut random).unwrap();
            assert_eq!(out, v.bytes("out"), "{v}");
        }
    }

    #[test]
    fn a_damaged_modulus_is_refused() {
        for modulus in [vec![], vec![0; 256], vec![1], vec![0xff; 16], vec![0xff; 2048]] {
            let mut random = Known::new([vec![7; 32]]);
            let out = encrypt(HashAlg::Sha256, "SECRET", &modulus, 65537, &[1; 32], &mut random);
            assert!(matches!(out, Err(CryptoError::Rsa(_))), "{}", modulus.len());
        }
    }
}
