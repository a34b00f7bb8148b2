//! MakeCredential in software (TPM 2.0 Part 1 §24; Part 3 §12.6). A TPM releases the secret only if it holds both the key that the
//! secret is encrypted to and an object with a certain Name.

use keyfile::wire::Writer;
use keyfile::{Name, Public};
use zeroize::Zeroizing;

use crate::CryptoError;
use crate::random::{Random, System};
use crate::salt::{Purpose, make_secret};
use crate::wrap::{seal, storage_cipher};

/// The parameters of TPM2_ActivateCredential.
pub struct Credential {
    /// The contents of the TPM2B_ID_OBJECT, without its size.
    pub blob: Vec<u8>,
    /// The contents of the TPM2B_ENCRYPTED_SECRET, without its size.
    pub secret: Vec<u8>,
}

/// Encrypts `value` for the TPM that holds `key` and an object with the Name. The value is at most as long as a digest of the key's
/// nameAlg.
///
/// # Errors
/// The key is not a storage key, its public area is damaged, or there are no random bytes.
pub fn credential(key: &Public, name: &Name, value: &[u8]) -> Result<Credential, CryptoError> {
    credential_with(key, name, value, &mut System)
}

fn credential_with(
    key: &Public,
    name: &Name,
    value: &[u8],
    random: &mut dyn Random,
) -> Result<Credential, CryptoError> {
    let bits = storage_cipher(key)?;
    let seed = make_secret(key, Purpose::Identity, random)?;
    let mut sized = Writer::new();
    sized.sized(value);
    let mut sized = Zeroizing::new(sized.finish()?);
    Ok(Credential { blob: seal(key.name_alg, bits, &seed.value, name, &mut sized)?, secret: seed.encrypted })
}
