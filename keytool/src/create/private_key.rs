//! A private key in the numbers that a TPM's areas hold.

use keyfile::{Curve, HashAlg, PublicKey};
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::EcKey;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::Rsa;
use tpm::template::Template;
use zeroize::Zeroizing;

use crate::public_key;

/// What can be wrapped.
pub(crate) const KINDS: &str = "give an RSA or EC private key: PKCS#1, PKCS#8, SEC1 or PKCS#12, PEM or DER";

/// The numbers that a TPM's sensitive and public areas are made of; the private one is wiped when dropped.
pub(crate) enum PrivateKey {
    Rsa { exponent: u32, modulus: Vec<u8>, prime: Zeroizing<Vec<u8>> },
    Ec { curve: Curve, x: Vec<u8>, y: Vec<u8>, d: Zeroizing<Vec<u8>> },
}

impl PrivateKey {
    /// Takes them out of a key.
    ///
    /// # Errors
    /// No TPM holds such a key, or its numbers contradict each other.
    pub(crate) fn of(key: &PKey<Private>) -> Result<Self, Unfit> {
        match key.id() {
            Id::RSA => rsa(&key.rsa()?),
            Id::EC => ec(&key.ec_key()?),
            Id::RSA_PSS => unfit(
                "an RSA-PSS key cannot keep its restriction in a TPM",
                "make a plain RSA key of it: every RSA key signs with PSS too",
            ),
            _ => unfit("a TPM holds RSA and EC keys, and it is neither", KINDS),
        }
    }

    /// Whether it is the private half of this key.
    pub(crate) fn is_of(&self, public: &PublicKey) -> bool {
        self.template().public().key.has_numbers_of(public)
    }

    /// What it protects its children with as a parent: derived from the key itself, so that the same key makes the same parent on
    /// every TPM, and its children move with it.
    ///
    /// As openssl_tpm2_engine derives it: the name hash over the public numbers and the private one. It writes that without leading
    /// zeros.
    pub(crate) fn seed(&self, hash: HashAlg) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            PrivateKey::Rsa { modulus, prime, .. } => hash.digest(&[modulus, prime]),
            PrivateKey::Ec { x, y, d, .. } => {
                let zeros = d.iter().take_while(|&&byte| byte == 0).count();
                hash.digest(&[x, y, d.get(zeros..).unwrap_or_default()])
            }
        })
    }

    /// The public half, as an object of a TPM.
    pub(crate) fn template(&self) -> Template {
        match self {
            PrivateKey::Rsa { exponent, modulus, .. } => Template::wrapped_rsa(modulus, *exponent),
            PrivateKey::Ec { curve, x, y, .. } => Template::wrapped_ecc(*curve, x, y),
        }
    }
}

/// Why a key cannot be had in numbers.
pub(crate) enum Unfit {
    /// What is wrong with it, and what to do about it.
    Key(String, String),
    /// OpenSSL finds it damaged.
    OpenSsl(openssl::error::ErrorStack),
}

impl From<openssl::error::ErrorStack> for Unfit {
    fn from(stack: openssl::error::ErrorStack) -> Self {
        Unfit::OpenSsl(stack)
    }
}

fn unfit<T>(problem: impl Into<String>, advice: &str) -> Result<T, Unfit> {
    Err(Unfit::Key(problem.into(), advice.to_owned()))
}

fn rsa(key: &Rsa<Private>) -> Result<PrivateKey, Unfit> {
    let (Some(p), Some(q)) = (key.p(), key.q()) else {
        return unfit("its primes are missing", "a TPM needs them; take the key from where it was made");
    };
    // TPM2B_PUBLIC_KEY_RSA is as long as the modulus, so its size is a multiple of 8; half of it is one prime's (Part 2 §11.2.4.5).
    let size = key.n().num_bits();
    let mut product = BigNum::new()?;
    product.checked_mul(p, q, &mut *BigNumContext::new()?)?;
    if product != *key.n() || p.num_bits() != q.num_bits() || size % 16 != 0 {
        return unfit(
            format!("its {size}-bit modulus is not the product of two primes of half its size"),
            "a TPM holds only such keys; make a new one",
        );
    }
    let Some(exponent) = public_key::exponent(key) else {
        return unfit(
            "its public exponent is longer than 32 bits",
            "a TPM holds no such key; make a new one",
        );
    };
    // Either would do for a TPM; with the second one the seed of a parent is that of openssl_tpm2_engine.
    let prime = Zeroizing::new(q.to_vec());
    Ok(PrivateKey::Rsa { exponent, modulus: key.n().to_vec(), prime })
}

fn ec(key: &EcKey<Private>) -> Result<PrivateKey, Unfit> {
    key.check_key()?;
    let (curve, x, y) =
        public_key::point(key).or_else(|problem| unfit(problem.0, "make a key on P-256, P-384 or P-521"))?;
    let size = i32::try_from(curve.field_bytes()).unwrap_or(i32::MAX);
    Ok(PrivateKey::Ec { curve, x, y, d: Zeroizing::new(key.private_key().to_vec_padded(size)?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected values are of Python's hashlib.
    #[test]
    fn the_seed_is_the_hash_of_the_numbers_without_leading_zeros_of_the_private_one() {
        let x = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
        let y = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
        let mut d = Zeroizing::new(vec![0; 32]);
        d[31] = 1;
        let bytes = |hex: &str| BigNum::from_hex_str(hex).unwrap().to_vec();
        let one = PrivateKey::Ec { curve: Curve::P256, x: bytes(x), y: bytes(y), d };
        let seed = "5b857ba6ec7e631705ce46eb524486611e6c342185bf5eb3d9f239a4c47f6d37";
        assert_eq!(*one.seed(HashAlg::Sha256), bytes(seed));
        let prime = Zeroizing::new(vec![0xd3]);
        let rsa = PrivateKey::Rsa { exponent: 0, modulus: vec![0xc1, 0x02], prime };
        assert_eq!(*rsa.seed(HashAlg::Sha1), bytes("34647c1f5d8333bc0faeff5f19fed60d1ce373c9"));
    }
}
