//! Makes an importable key: it is encrypted in software for a parent of which only the public key is known.

use keyfile::{KeyFile, Kind};
use tpm::Tpm;
use tpm::template::Storage;

use super::order::{Order, Wanted};
use super::private_key::PrivateKey;
use super::software_key;
use crate::error::Error;
use crate::parent::ParentArea;
use crate::policy::Plan;

/// The RSA sizes that TPMs support. Whether a TPM supports one of them is known only when it imports the key.
const RSA_SIZES: [u16; 4] = [1024, 2048, 3072, 4096];

/// Returns the private key: the given one, or a new one made in software.
///
/// # Errors
/// No TPM supports such a key, or OpenSSL cannot make it.
pub(super) fn private_key(wanted: Wanted) -> Result<PrivateKey, Error> {
    let given = match wanted {
        Wanted::Given(key) => key,
        Wanted::Rsa(bits) => {
            check_size(usize::from(bits))?;
            software_key::rsa(bits)?
        }
        Wanted::Ecc(curve) => software_key::ec(curve)?,
    };
    if let PrivateKey::Rsa { modulus, .. } = &given {
        check_size(modulus.len().saturating_mul(8))?;
    }
    Ok(given)
}

/// Wraps the private key and makes its key file. The TPM is used only if the policy needs it.
///
/// # Errors
/// The parent's public key is not suitable, or the policy cannot be made.
pub(super) fn make(
    tpm: &Tpm,
    order: &Order,
    given: PrivateKey,
    parent: &ParentArea,
    plan: Option<Plan>,
) -> Result<KeyFile, Error> {
    let policy = plan.map(|plan| plan.statements(tpm, order.name_hash())).transpose()?;
    let (template, sensitive) = order.areas(given);
    let public = order.template(template, policy.as_ref()).public();
    let duplicate = tpm::wrap(&parent.public, &public, &sensitive).map_err(Error::Wrap)?;
    let mut key = order.file(Kind::Importable, public, duplicate.duplicate, policy);
    key.secret = Some(duplicate.secret);
    Storage::standard(parent.rsa).mark(&mut key);
    Ok(key)
}

fn check_size(bits: usize) -> Result<(), Error> {
    match RSA_SIZES.iter().any(|&size| usize::from(size) == bits) {
        true => Ok(()),
        false => {
            let sizes = RSA_SIZES.map(|bits| bits.to_string()).join(", ");
            Err(Error::request(
                format!("no TPM supports RSA keys of {bits} bits"),
                format!("use one of the sizes that TPMs support: {sizes}"),
            ))
        }
    }
}
