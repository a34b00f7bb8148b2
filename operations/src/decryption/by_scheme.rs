//! Decryption with a key that is restricted to one scheme. The TPM removes the padding, and the key refuses
//! any other padding.
//!
//! Such a key cannot have implicit rejection: the TPM itself reports that a PKCS#1 v1.5 padding is wrong, and
//! it does no bare private operation from which a secret could be derived.

use keyfile::{HashAlg, Scheme};
use zeroize::Zeroizing;

use super::Padding;
use crate::{Error, Kind, Private, Result};

/// Decrypts a block as long as the modulus.
///
/// # Errors
/// The caller asked for another padding than the scheme of the key, or the TPM refuses, for example because
/// the padding is wrong.
pub(super) fn decrypt(
    private: &dyn Private,
    scheme: Scheme,
    padding: &Padding<'_>,
    block: &[u8],
) -> Result<Zeroizing<Vec<u8>>> {
    let label = match (scheme, padding) {
        (Scheme::Rsaes, Padding::Pkcs1 { .. }) => &[][..],
        (Scheme::Oaep(hash), Padding::Oaep { digest, mgf1, label })
            if digest.tpm_hash() == Some(hash) && mgf1.tpm_hash() == Some(hash) =>
        {
            check_label(
                label,
                "the TPM removes the padding of this key",
                "use such a label, or a key without scheme",
            )?
        }
        _ => return Err(other_padding(scheme)),
    };
    decrypt_by_scheme(private, block, Scheme::Null, label)
}

/// Decrypts a ciphertext by a scheme in the TPM.
///
/// # Errors
/// Every wrong padding gives the same error.
pub(super) fn decrypt_by_scheme(
    private: &dyn Private,
    block: &[u8],
    scheme: Scheme,
    label: &[u8],
) -> Result<Zeroizing<Vec<u8>>> {
    let answer = private.rsa_decrypt_by_scheme(block, scheme, label)?;
    let damaged = || Error::new(Kind::Padding, "cannot decrypt the message: the TPM refuses its padding");
    Ok(answer.ok_or_else(damaged)?.value)
}

/// Checks that the TPM accepts a label (TPM 2.0 Part 3 §14.3.1): it must be empty or end with a zero byte.
pub(super) fn check_label<'a>(label: &'a [u8], why: &str, hint: &'static str) -> Result<&'a [u8]> {
    match label.last() {
        None | Some(0) => Ok(label),
        Some(_) => {
            let text = format!("{why}, and it only accepts OAEP labels that end with a zero byte");
            Err(Error::new(Kind::UnsupportedPadding, text).with_hint(hint))
        }
    }
}

fn other_padding(scheme: Scheme) -> Error {
    let ask = match scheme {
        Scheme::Rsaes => "use the padding pkcs1".to_owned(),
        Scheme::Oaep(hash) => same_digest(hash),
        _ => "use it for signatures".to_owned(),
    };
    let text = format!("the key is restricted to {scheme}, and the caller asked for another padding");
    Error::new(Kind::UnsupportedPadding, text).with_hint(format!("{ask}, or use a key without scheme"))
}

fn same_digest(hash: HashAlg) -> String {
    format!("use the padding oaep with the digest {hash}, for MGF1 too")
}
