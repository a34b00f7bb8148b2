//! Secrets that only the holder of a TPM key can read: the salt of a session, the seed of a duplicate or of a credential (TPM 2.0
//! Part 1 Annexes B.10 and C.6).

use keyfile::wire::Writer;
use keyfile::{HashAlg, Public, PublicKey};
use zeroize::Zeroizing;

use crate::ecdh::Shared;
use crate::hmac::bytes_to_bits;
use crate::kdfe::kdfe;
use crate::random::{Random, System};
use crate::{CryptoError, ecdh, oaep};

/// The purpose of the secret. It is part of the encryption, so one secret cannot be used as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The salt of a session (StartAuthSession).
    Session,
    /// The seed of a wrapped object (Import).
    Duplicate,
    /// The seed of a credential (ActivateCredential).
    Identity,
}

impl Purpose {
    fn label(self) -> &'static str {
        match self {
            Self::Session => "SECRET",
            Self::Duplicate => "DUPLICATE",
            Self::Identity => "IDENTITY",
        }
    }
}

/// A shared secret in both forms.
pub struct Secret {
    /// The secret, as long as a digest of the key's nameAlg.
    pub value: Zeroizing<Vec<u8>>,
    /// The form that is sent: the contents of a TPM2B_ENCRYPTED_SECRET, without its size.
    pub encrypted: Vec<u8>,
}

/// Returns true if [`secret_for`] supports keys of this type.
#[must_use]
pub fn supports(key: &Public) -> bool {
    match &key.key {
        PublicKey::Rsa { .. } => true,
        PublicKey::Ecc { curve, .. } => ecdh::supports(*curve),
        _ => false,
    }
}

/// Makes a secret for the holder of `key`.
///
/// # Errors
/// The key is neither RSA nor on P-256, P-384 or P-521, its public area is damaged, or there are no random bytes.
pub fn secret_for(key: &Public, purpose: Purpose) -> Result<Secret, CryptoError> {
    make_secret(key, purpose, &mut System)
}

pub(super) fn make_secret(
    key: &Public,
    purpose: Purpose,
    random: &mut dyn Random,
) -> Result<Secret, CryptoError> {
    let (hash, label) = (key.name_alg, purpose.label());
    match &key.key {
        PublicKey::Rsa { modulus, exponent, .. } => {
            let exponent = if *exponent == 0 { PublicKey::DEFAULT_EXPONENT } else { *exponent };
            secret_under((modulus, exponent), hash, label, random)
        }
        PublicKey::Ecc { curve, x, y, .. } => secret_of(ecdh::agree(*curve, x, y, random)?, hash, label, x),
        _ => Err(CryptoError::NotStorage),
    }
}

// Its values do not occupy the stack while points are multiplied.
#[inline(never)]
fn secret_under(
    (modulus, exponent): (&[u8], u32),
    hash: HashAlg,
    label: &str,
    random: &mut dyn Random,
) -> Result<Secret, CryptoError> {
    let value = random.bytes(hash.size())?;
    let encrypted = oaep::encrypt(hash, label, modulus, exponent, &value, random)?;
    Ok(Secret { value, encrypted })
}

#[inline(never)]
fn secret_of(shared: Shared, hash: HashAlg, label: &str, x: &[u8]) -> Result<Secret, CryptoError> {
    // The TPM hashes the static x as in its public area (reference code, CryptSecretDecrypt), so it is not padded here.
    let value = kdfe(hash, &shared.z, label, &shared.x, x, bytes_to_bits(hash.size()));
    let mut point = Writer::new();
    point.sized(&shared.x);
    point.sized(&shared.y);
    Ok(Secret { value, encrypted: point.finish()? })
}

#[cfg(test)]
mod tests {
    use keyfile::wire::Unmarshal;

    use super::*;
    use crate::vectors::{Known, of};

    #[test]
    fn salts_match_the_vectors() {
        for v in of("wrap") {
            let key = Public::from_bytes(&v.bytes("parent")).unwrap();
            let mut random = Known::new([v.bytes("draw1"), v.bytes("draw2")]);
            let salt = make_secret(&key, Purpose::Session, &mut random).unwrap();
            assert_eq!((*salt.value).clone(), v.bytes("salt"), "{v}");
            assert_eq!(salt.encrypted, v.bytes("salt_secret"), "{v}");
        }
    }

    #[test]
    fn salts_differ() {
        for v in of("wrap") {
            let key = Public::from_bytes(&v.bytes("parent")).unwrap();
            let [one, two] = [(); 2].map(|()| secret_for(&key, Purpose::Session).unwrap());
            assert_ne!(one.value, two.value);
            assert_ne!(one.encrypted, two.encrypted);
        }
    }
}
