//! The public RSA operation.

use keyfile::PublicKey;
use missing::error::Failure;
use rsa::BigUint;
use zeroize::Zeroizing;

/// Larger RSA keys are refused: no TPM has them, and they would take seconds.
const MAX_BYTES: usize = 1024;

/// Returns m^e mod n, as long as the modulus.
pub(super) fn operate(modulus: &[u8], exponent: u32, block: &[u8]) -> Result<Vec<u8>, Failure> {
    let exponent = if exponent == 0 { PublicKey::DEFAULT_EXPONENT } else { exponent };
    // A block that was decrypted is secret.
    let (n, m) = (BigUint::from_bytes_be(modulus), Zeroizing::new(BigUint::from_bytes_be(block)));
    if modulus.len() > MAX_BYTES || modulus.last().is_none_or(|last| last & 1 == 0) || *m >= n {
        return Err("the number is not below the modulus, or the modulus is not one of RSA".into());
    }
    let result = m.modpow(&BigUint::from(exponent), &n).to_bytes_be();
    let mut bytes = vec![0; modulus.len().saturating_sub(result.len())];
    bytes.extend_from_slice(&result);
    Ok(bytes)
}
