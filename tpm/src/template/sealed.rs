//! Seals data in software for a parent (TPM 2.0 Part 2 §12.2.3.2: unique of a keyed-hash object; §12.3.2.4).

use keyfile::{AlgId, Public, PublicKey, Sensitive};
use zeroize::Zeroizing;

use crate::auth::Auth;
use crypto::CryptoError;
use crypto::random::bytes;
use crypto::wrap::{Duplicate, wrap};

/// Wraps data for the holder of `parent`. `template` is the public area of [`super::Template::sealed`].
///
/// # Errors
/// As [`wrap`].
pub fn wrap_data(
    parent: &Public,
    template: &Public,
    auth: Option<&Auth>,
    data: &[u8],
) -> Result<Duplicate, CryptoError> {
    let hash = template.name_alg;
    // The obfuscation value prevents guesses at the data from being checked against the public area.
    let seed_value = bytes(hash.size())?;
    let mut public = template.clone();
    if let PublicKey::KeyedHash { unique, .. } = &mut public.key {
        *unique = hash.digest(&[&seed_value, data]);
    }
    let sensitive = Sensitive {
        kind: AlgId::KEYEDHASH,
        auth_value: auth.map(|auth| auth.as_value(hash)).unwrap_or_default(),
        seed_value,
        sensitive: Zeroizing::new(data.to_vec()),
    };
    wrap(parent, &public, &sensitive)
}
