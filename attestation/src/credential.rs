//! The server half of credential activation (TPM 2.0 Part 1 §24): a secret is encrypted for an endorsement key and the Name of an
//! attestation key; only a TPM that holds both can return it.

use crypto::CryptoError;
use crypto::credential::{Credential, credential};
use crypto::endorsement::templates;
use crypto::random;
use keyfile::wire::{Reader, Writer};
use keyfile::{Name, Public, PublicKey};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::Malformed;

/// Bytes of a secret; no digest of an endorsement key's nameAlg is shorter.
const SECRET: usize = 32;
/// The first bytes of a file of `tpm2_makecredential`: a magic number and a version.
const HEADER: [u8; 8] = [0xba, 0xdc, 0xc0, 0xde, 0, 0, 0, 1];

/// A challenge that waits for its answer. Use it once, and only for the key that it names.
pub struct Challenge {
    /// The Name of the attestation key.
    pub signer: Name,
    /// The public key of the endorsement key.
    pub endorsement: PublicKey,
    /// The secret. Never send it.
    pub secret: Zeroizing<Vec<u8>>,
}

impl Challenge {
    /// Makes a challenge for the TPM with an endorsement key, whose public key comes from its certificate. Returns the challenge to keep,
    /// and the credential to send.
    ///
    /// # Errors
    /// The key is of no size that the templates of the TCG's EK credential profile have, it is invalid, or there are no random bytes.
    pub fn new(endorsement: &PublicKey, signer: &Name) -> Result<(Self, Credential), CryptoError> {
        let area = areas(endorsement)?.into_iter().next().ok_or(CryptoError::NotStorage)?;
        let secret = random::bytes(SECRET)?;
        let sent = credential(&area, signer, &secret)?;
        let challenge = Self { signer: signer.clone(), endorsement: endorsement.clone(), secret };
        Ok((challenge, sent))
    }

    /// Returns true if this is the secret, in a time that does not depend on the difference.
    #[must_use]
    pub fn is_answered_by(&self, answer: &[u8]) -> bool {
        self.secret.ct_eq(answer).into()
    }
}

/// Returns the public areas that an endorsement key with this public key may have: one for each template of its size. They have the same
/// nameAlg and cipher, so a credential for one is a credential for all.
///
/// # Errors
/// A policy digest cannot be computed.
pub fn areas(key: &PublicKey) -> Result<Vec<Public>, CryptoError> {
    let with_numbers = |mut area: Public| {
        match (&mut area.key, key) {
            (PublicKey::Rsa { modulus, .. }, PublicKey::Rsa { modulus: own, .. }) => modulus.clone_from(own),
            (PublicKey::Ecc { x, y, .. }, PublicKey::Ecc { x: own_x, y: own_y, .. }) => {
                x.clone_from(own_x);
                y.clone_from(own_y);
            }
            _ => {}
        }
        area
    };
    Ok(templates(key)?.into_iter().map(with_numbers).collect())
}

/// Returns a credential as the file that `tpm2_activatecredential -i` reads.
///
/// # Errors
/// A part has more than 65,535 bytes; never for a credential that was made or read here.
pub fn to_file(credential: &Credential) -> Result<Vec<u8>, Malformed> {
    let mut w = Writer::new();
    w.bytes(&HEADER);
    w.sized(&credential.blob);
    w.sized(&credential.secret);
    w.finish().map_err(Malformed::because("credential"))
}

/// Reads a credential from a file of `tpm2_makecredential`.
///
/// # Errors
/// It is damaged, or another file.
pub fn from_file(bytes: &[u8]) -> Result<Credential, Malformed> {
    const WHAT: &str = "credential";
    let mut r = Reader::new(bytes);
    if r.take(HEADER.len()).map_err(Malformed::because(WHAT))? != HEADER {
        return Err(Malformed::new(WHAT, "it does not begin like a file of tpm2_makecredential"));
    }
    let blob = r.sized().map_err(Malformed::because(WHAT))?.to_vec();
    let secret = r.sized().map_err(Malformed::because(WHAT))?.to_vec();
    r.finish().map_err(Malformed::because(WHAT))?;
    Ok(Credential { blob, secret })
}
