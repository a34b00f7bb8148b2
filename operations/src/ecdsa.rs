//! ECDSA signatures in the TPM.

mod label;
#[cfg(test)]
mod tests;

use keyfile::{AlgId, HashAlg, PublicKey, Scheme};
use tpm::Answer;

use crate::public::unverified;
use crate::signature::{Request, is_restricted, restricted_to, wrong_signature};
use crate::{Digest, Error, Kind, Private, Result};
use label::labelled;

/// A signature: two numbers, each as long as the order of the curve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The x coordinate of the nonce's point.
    pub r: Vec<u8>,
    /// The proof.
    pub s: Vec<u8>,
}

/// Refuses a digest that the key cannot sign, before a message begins.
///
/// # Errors
/// The digest is too long for the hashes of the TPM or of the key.
pub fn accepts(key: &dyn Private, digest: Digest<'_>) -> Result<()> {
    let (order_bits, fixed) = parameters(key)?;
    if let (Some(hash), true) = (fixed, is_restricted(key)) {
        return if digest.tpm_hash() == Some(hash) { Ok(()) } else { Err(restricted_to(hash)) };
    }
    if labelled(&vec![0xff; digest.size()], order_bits, fixed).is_empty() {
        return Err(too_long(digest.size(), fixed));
    }
    Ok(())
}

/// Makes a signature.
///
/// Tries the labels, the shortest first. A TPM may lack some of them, and to query them would cost each process a command.
///
/// # Errors
/// Digest and key do not fit together, or the TPM refuses.
pub fn sign(request: &Request<'_>) -> Result<Signature> {
    let (order_bits, fixed) = parameters(request.key)?;
    let mut refused = None;
    for (hash, digest) in labelled(request.digest, order_bits, fixed) {
        match request.sign(&digest, hash, AlgId::ECDSA) {
            Ok(answer) => return verified(request, answer, order_bits),
            Err(error) if error.is_unsupported_by_tpm() => refused = Some(error),
            Err(error) => return Err(error),
        }
    }
    let error = too_long(request.digest.len(), fixed);
    Err(match refused {
        Some(refused) => error.because(refused),
        None => error,
    })
}

impl Signature {
    /// Returns the numbers of a signature of the TPM. Returns `None` if one is zero, which no valid signature contains, or too long.
    fn of(signature: keyfile::Signature, order_bits: usize) -> Option<Self> {
        let keyfile::Signature::Ecc { r, s, .. } = signature else { return None };
        let size = order_bits.div_ceil(8);
        Some(Self { r: padded(&r, size)?, s: padded(&s, size)? })
    }
}

fn padded(number: &[u8], size: usize) -> Option<Vec<u8>> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let significant = number.get(zeros..).filter(|significant| !significant.is_empty())?;
    let mut bytes = vec![0; size.checked_sub(significant.len())?];
    bytes.extend_from_slice(significant);
    Some(bytes)
}

/// Verifies a result that no session protected, before the caller gets it. Not inlined, so that its stack is not needed before.
#[inline(never)]
fn verified(
    request: &Request<'_>,
    answer: Answer<keyfile::Signature>,
    order_bits: usize,
) -> Result<Signature> {
    let signature = Signature::of(answer.value, order_bits).ok_or_else(wrong_signature)?;
    let Signature { r, s } = &signature;
    let verifies = || request.public.verifies_ecdsa(request.digest, r, s).map_err(unverified);
    if answer.authenticated || verifies()? { Ok(signature) } else { Err(wrong_signature()) }
}

/// Returns the size of the curve's order in bits, and the only hash that the key signs with, if it is restricted to one.
fn parameters(key: &dyn Private) -> Result<(usize, Option<HashAlg>)> {
    let PublicKey::Ecc { scheme, curve, .. } = key.public().key else {
        return Err(Error::new(Kind::WrongKey, "an ECDSA signature needs an EC key"));
    };
    match scheme {
        Scheme::Null => Ok((curve.bits().into(), None)),
        Scheme::Ecdsa(hash) => Ok((curve.bits().into(), Some(hash))),
        other => {
            let text = format!("the key is restricted to {other} and cannot sign with ECDSA");
            Err(Error::new(Kind::WrongKey, text))
        }
    }
}

#[cold]
#[inline(never)]
fn too_long(length: usize, fixed: Option<HashAlg>) -> Error {
    let text = match fixed {
        Some(hash) => {
            format!("a digest of {length} bytes is too long for {hash}, the only hash of the key")
        }
        None => format!("a digest of {length} bytes is too long for every hash that this TPM signs with"),
    };
    Error::new(Kind::Digest, text)
}
