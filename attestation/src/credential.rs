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

#[cfg(test)]
mod tests {
    use keyfile::{Curve, Handle};

    use super::*;

    /// The generator of P-256.
    fn endorsement() -> PublicKey {
        let spki = "3059301306072a8648ce3d020106082a8648ce3d03010703420004\
                    6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
                    4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
        crate::certificates::public_key(&hex::decode(spki).unwrap()).unwrap()
    }

    #[test]
    fn only_the_secret_is_an_answer() {
        let (challenge, sent) = Challenge::new(&endorsement(), &Handle::OWNER.into()).unwrap();
        let (other, _) = Challenge::new(&endorsement(), &Handle::OWNER.into()).unwrap();
        assert!(challenge.is_answered_by(&challenge.secret) && challenge.secret.len() == SECRET);
        assert!(!challenge.is_answered_by(&other.secret) && !challenge.is_answered_by(b""));
        assert!(!challenge.is_answered_by(&challenge.secret[..31]), "a part of it");
        let visible = to_file(&sent).unwrap();
        assert!(!visible.windows(SECRET).any(|part| part == challenge.secret.as_slice()));
    }

    #[test]
    fn keys_without_a_template_get_no_challenge() {
        let short = PublicKey::Rsa {
            symmetric: keyfile::Symmetric::Null,
            scheme: keyfile::Scheme::Null,
            bits: 1024,
            exponent: 0,
            modulus: vec![0xff; 128],
        };
        assert!(Challenge::new(&short, &Handle::OWNER.into()).is_err());
        let mut off_curve = endorsement();
        if let PublicKey::Ecc { y, .. } = &mut off_curve {
            y[31] ^= 1;
        }
        assert!(Challenge::new(&off_curve, &Handle::OWNER.into()).is_err(), "a point off the curve");
    }

    #[test]
    fn areas_have_the_key_and_the_templates_of_both_ranges() {
        let areas = areas(&endorsement()).unwrap();
        assert_eq!(areas.len(), 2);
        assert!(areas.iter().all(|area| area.key.has_numbers_of(&endorsement())));
        assert_ne!(areas[0].auth_policy, areas[1].auth_policy);
        assert!(matches!(areas[0].key, PublicKey::Ecc { curve: Curve::P256, .. }));
    }

    #[test]
    fn files_are_read_as_they_were_written() {
        let sent = Credential { blob: vec![1, 2, 3], secret: vec![4] };
        let file = to_file(&sent).unwrap();
        assert_eq!(hex::encode(&file), "badcc0de00000001000301020300 0104".replace(' ', ""));
        let read = from_file(&file).unwrap();
        assert_eq!((read.blob, read.secret), (sent.blob, sent.secret));
        assert!(to_file(&Credential { blob: vec![0; 0x1_0000], secret: vec![] }).is_err());
        for length in 0..file.len() {
            assert!(from_file(&file[..length]).is_err(), "{length} bytes");
        }
        assert!(from_file(&[&file[..], &[0]].concat()).is_err(), "a byte follows");
        // Another version.
        let mut other = file;
        other[7] = 2;
        let problem = from_file(&other).err().unwrap().to_string();
        assert!(problem.ends_with("it does not begin like a file of tpm2_makecredential"), "{problem}");
    }
}
