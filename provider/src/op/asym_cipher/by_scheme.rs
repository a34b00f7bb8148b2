//! Decryption with a key that was made for one scheme: the TPM takes the padding off, and no other padding can be asked for.
//!
//! Such a key cannot have implicit rejection: the TPM says itself that a PKCS#1 v1.5 padding was wrong, and does no bare
//! private operation that a secret could be made from.

use keyfile::{HashAlg, Scheme};
use zeroize::Zeroizing;

use super::padding::Padding;
use crate::error::{Error, Reason, Result};
use crate::op::signature::tpm_hash;
use crate::private::Private;

/// Decrypts a block as long as the modulus.
///
/// # Errors
/// Another padding was asked for than the key was made for; or the TPM refuses, a wrong padding as well.
pub(super) fn decrypt(
    private: &dyn Private,
    scheme: Scheme,
    padding: &Padding,
    block: &[u8],
) -> Result<Zeroizing<Vec<u8>>> {
    let label = match (scheme, padding) {
        (Scheme::Rsaes, Padding::Pkcs1 { .. }) => &[][..],
        (Scheme::Oaep(hash), Padding::Oaep { digest, mgf1, label })
            if tpm_hash(digest) == Some(hash) && tpm_hash(mgf1) == Some(hash) =>
        {
            fitting(label, "this key unpads in the TPM", "use one, or a key without scheme")?
        }
        _ => return Err(another(scheme)),
    };
    opened(private, block, Scheme::Null, label)
}

/// What the TPM finds in a ciphertext by a scheme.
///
/// # Errors
/// A wrong padding is one error, whatever is wrong with it.
pub(super) fn opened(
    private: &dyn Private,
    block: &[u8],
    scheme: Scheme,
    label: &[u8],
) -> Result<Zeroizing<Vec<u8>>> {
    let answer = private.rsa_decrypt_by_scheme(block, scheme, label)?;
    let damaged =
        || Error::new(Reason::Padding, "the message cannot be decrypted: the TPM refuses its padding");
    Ok(answer.ok_or_else(damaged)?.value)
}

/// A label that the TPM takes (TPM 2.0 Part 3 §14.3.1): none, or one that ends with a zero byte.
pub(super) fn fitting<'a>(label: &'a [u8], why: &str, advice: &str) -> Result<&'a [u8]> {
    match label.last() {
        None | Some(0) => Ok(label),
        Some(_) => {
            let text = format!("{why}, which takes OAEP labels that end with a zero byte only: {advice}");
            Err(Error::new(Reason::Padding, text))
        }
    }
}

fn another(scheme: Scheme) -> Error {
    let ask = match scheme {
        Scheme::Rsaes => "ask for the padding pkcs1".to_owned(),
        Scheme::Oaep(hash) => same_digest(hash),
        _ => "it signs".to_owned(),
    };
    let text = format!(
        "the key was made for {scheme} only, and another padding was asked for: {ask}, or use a key without scheme"
    );
    Error::new(Reason::Padding, text)
}

fn same_digest(hash: HashAlg) -> String {
    format!("ask for the padding oaep with the digest {hash}, for MGF1 too")
}
