//! Creates a key in the TPM.

use keyfile::{Curve, Handle, KeyFile};
use tpm::template::Template;
use tpm::{Auth, Key, Parent, Tpm};

use crate::error::Result;

/// The type of a new key.
#[derive(Clone, Copy)]
pub(crate) enum NewKey {
    /// The size, and the public exponent.
    Rsa(u16, u32),
    Ecc(Curve),
}

/// Creates the key under a parent, and returns its file. The key's password counts towards the TPM's lockout, as programs expect of a
/// PIN.
///
/// # Errors
/// The TPM does not support the key, the parent is missing or has another password, or there is no TPM.
pub(crate) fn generate(
    tpm: &Tpm,
    what: NewKey,
    parent: Option<Handle>,
    pin: Option<&Auth>,
) -> Result<KeyFile> {
    let template = match what {
        NewKey::Rsa(bits, exponent) => Template::rsa(bits).exponent(exponent),
        NewKey::Ecc(curve) => Template::ecc(curve),
    };
    let template = template.dictionary_attack_protection(pin.is_some());
    let public = template.clone().public();
    let handle = parent.unwrap_or(Handle::OWNER);
    let capabilities = tpm.capabilities_for(&public, handle)?;
    capabilities.check(&public)?;
    let parent = Parent::for_new_key(tpm, &capabilities, handle)?;
    let (file, _) = Key::create(tpm, &parent, template, pin, |_| ())?;
    Ok(file)
}
