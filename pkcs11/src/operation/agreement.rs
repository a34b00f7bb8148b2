//! Derives a key from the secret that a key in the TPM shares with a peer (PKCS#11 3.0 §2.3.16 of its mechanisms).

use cryptoki_sys::*;
use operations::ecdh;
use zeroize::Zeroizing;

use super::OpenKey;
use crate::error::{Error, Result};
use crate::mechanism::{Derive, Kdf};

/// Returns the derived key. `size` is CKA_VALUE_LEN; without it the key is as long as the shared secret.
///
/// # Errors
/// CKR_MECHANISM_PARAM_INVALID: the peer's point; CKR_TEMPLATE_INCOMPLETE: a KDF without a size; CKR_ATTRIBUTE_VALUE_INVALID: a size
/// that the secret does not have; or the TPM fails.
pub(crate) fn derive(key: &OpenKey, how: &Derive<'_>, size: Option<usize>) -> Result<Zeroizing<Vec<u8>>> {
    let secret = ecdh::shared_secret(&key.key, &point(how.peer, ecdh::field_bytes(&key.key)?)?)?;
    match how.kdf {
        // Bytes are removed at the front.
        Kdf::Null => {
            let size = size.unwrap_or(secret.len());
            let cut = secret.len().checked_sub(size).and_then(|front| secret.get(front..));
            cut.map(|cut| Zeroizing::new(cut.to_vec())).ok_or_else(|| {
                Error::new(
                    CKR_ATTRIBUTE_VALUE_INVALID,
                    format!("the shared secret has {} bytes", secret.len()),
                )
            })
        }
        Kdf::X963(hash, shared) => {
            let size = size.ok_or_else(|| {
                Error::new(CKR_TEMPLATE_INCOMPLETE, "the size of the derived key is missing (CKA_VALUE_LEN)")
            })?;
            Ok(ecdh::x963(hash.digest(), &secret, shared, size)?)
        }
    }
}

/// The uncompressed point, which may be in an OCTET STRING in DER.
fn point(peer: &[u8], field: usize) -> Result<Vec<u8>> {
    let size = field.saturating_mul(2).saturating_add(1);
    if peer.len() == size {
        return Ok(peer.to_vec());
    }
    match asn1::parse_single::<&[u8]>(peer) {
        Ok(point) if point.len() == size => Ok(point.to_vec()),
        _ => Err(Error::new(
            CKR_MECHANISM_PARAM_INVALID,
            "the peer's key is not a point on the curve of the key",
        )),
    }
}
