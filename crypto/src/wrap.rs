//! Wraps an object for a parent of which only the public area is known: the TPM's duplication scheme, outer wrapper only (TPM 2.0
//! Part 1 §23.3.2.3; TPM2_Import with symmetricAlg NULL). No private half is sent in the clear.

use keyfile::wire::{Marshal, Writer};
use keyfile::{AlgId, Attributes, HashAlg, Name, Public, PublicKey, Sensitive, Symmetric};
use zeroize::Zeroizing;

use crate::hmac::{bytes_to_bits, hmac};
use crate::kdfa::kdfa;
use crate::random::{Random, System};
use crate::salt::{Purpose, make_secret};
use crate::{CryptoError, cfb};

/// An object wrapped for a parent: the input of TPM2_Import, and the content of an importable key file.
#[derive(Clone)]
pub struct Duplicate {
    /// The object.
    pub public: Public,
    /// The contents of a TPM2B_PRIVATE, without its size.
    pub duplicate: Vec<u8>,
    /// The contents of a TPM2B_ENCRYPTED_SECRET, without its size.
    pub secret: Vec<u8>,
}

/// Attributes that a TPM sets in objects it made or keeps, and refuses in objects imported without an inner wrapper.
const NOT_IMPORTABLE: Attributes = Attributes::FIXED_TPM
    .union(Attributes::FIXED_PARENT)
    .union(Attributes::SENSITIVE_DATA_ORIGIN)
    .union(Attributes::ENCRYPTED_DUPLICATION);

/// Wraps an object for the holder of `parent`, a storage key whose nameAlg and cipher protect the object.
///
/// # Errors
/// The parent is not a storage key, its public area is damaged, the object's attributes forbid import, or there are no random bytes.
pub fn wrap(parent: &Public, object: &Public, sensitive: &Sensitive) -> Result<Duplicate, CryptoError> {
    wrap_with(parent, object, sensitive, &mut System)
}

fn wrap_with(
    parent: &Public,
    object: &Public,
    sensitive: &Sensitive,
    random: &mut dyn Random,
) -> Result<Duplicate, CryptoError> {
    if object.attributes.intersects(NOT_IMPORTABLE) {
        return Err(CryptoError::Attributes);
    }
    let bits = storage_cipher(parent)?;
    let seed = make_secret(parent, Purpose::Duplicate, random)?;
    let mut sensitive = Zeroizing::new(sensitive.to_sized()?);
    let duplicate = seal(parent.name_alg, bits, &seed.value, &object.name()?, &mut sensitive)?;
    Ok(Duplicate { public: object.clone(), duplicate, secret: seed.encrypted })
}

/// Returns the AES key size with which a storage key protects its children.
pub(super) fn storage_cipher(parent: &Public) -> Result<u16, CryptoError> {
    let (PublicKey::Rsa { symmetric, .. } | PublicKey::Ecc { symmetric, .. }) = &parent.key else {
        return Err(CryptoError::NotStorage);
    };
    match *symmetric {
        Symmetric::Cipher { algorithm: AlgId::AES, bits, mode: AlgId::CFB } => Ok(bits),
        _ => Err(CryptoError::NotStorage),
    }
}

/// Encrypts the sized sensitive area, and prepends the HMAC of it and the object's Name.
pub(super) fn seal(
    hash: HashAlg,
    bits: u16,
    seed: &[u8],
    name: &Name,
    sensitive: &mut [u8],
) -> Result<Vec<u8>, CryptoError> {
    let name = name.as_bytes();
    cfb::encrypt(&kdfa(hash, seed, "STORAGE", name, &[], u32::from(bits)), &cfb::ZERO_IV, sensitive)?;
    let key = kdfa(hash, seed, "INTEGRITY", &[], &[], bytes_to_bits(hash.size()));
    let mut private = Writer::new();
    private.sized(&hmac(hash, &key, &[sensitive, name]));
    private.bytes(sensitive);
    Ok(private.finish()?)
}

#[cfg(test)]
mod tests {
    use keyfile::wire::Unmarshal;

    use super::*;
    use crate::vectors::{Known, Vector, of};

    fn wrapped(v: &Vector, change: impl Fn(&mut Public, &mut Public)) -> Result<Duplicate, CryptoError> {
        let mut parent = Public::from_bytes(&v.bytes("parent")).unwrap();
        let mut object = Public::from_bytes(&v.bytes("public")).unwrap();
        let sensitive = Sensitive::from_bytes(&v.bytes("sensitive")).unwrap();
        change(&mut parent, &mut object);
        wrap_with(&parent, &object, &sensitive, &mut Known::new([v.bytes("draw1"), v.bytes("draw2")]))
    }

    #[test]
    fn wrapped_objects_match_the_vectors() {
        for v in of("wrap") {
            let duplicate = wrapped(&v, |_, _| {}).unwrap();
            assert_eq!(duplicate.secret, v.bytes("secret"), "{v}");
            assert_eq!(duplicate.duplicate, v.bytes("duplicate"), "{v}");
        }
    }

    #[test]
    fn objects_that_a_tpm_refuses_are_not_wrapped() {
        let v = &of("wrap")[0];
        for bad in [
            Attributes::FIXED_TPM,
            Attributes::FIXED_PARENT,
            Attributes::SENSITIVE_DATA_ORIGIN,
            Attributes::ENCRYPTED_DUPLICATION,
        ] {
            let out = wrapped(v, |_, object| object.attributes = object.attributes.union(bad));
            assert!(matches!(out, Err(CryptoError::Attributes)), "{bad}");
        }
        for cipher in
            [Symmetric::Null, Symmetric::Cipher { algorithm: AlgId::SM4, bits: 128, mode: AlgId::CFB }]
        {
            let out = wrapped(v, |parent, _| match &mut parent.key {
                PublicKey::Rsa { symmetric, .. } | PublicKey::Ecc { symmetric, .. } => *symmetric = cipher,
                _ => panic!("parents are asymmetric"),
            });
            assert!(matches!(out, Err(CryptoError::NotStorage)));
        }
    }
}
