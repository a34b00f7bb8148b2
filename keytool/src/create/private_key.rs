//! A private key in the numbers that a TPM's areas hold.

use keyfile::{Curve, PublicKey};
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
    let prime = Zeroizing::new(p.to_vec());
    Ok(PrivateKey::Rsa { exponent, modulus: key.n().to_vec(), prime })
}

fn ec(key: &EcKey<Private>) -> Result<PrivateKey, Unfit> {
    key.check_key()?;
    let (curve, x, y) =
        public_key::point(key).or_else(|problem| unfit(problem.0, "make a key on P-256, P-384 or P-521"))?;
    let size = i32::try_from(curve.field_octets()).unwrap_or(i32::MAX);
    Ok(PrivateKey::Ec { curve, x, y, d: Zeroizing::new(key.private_key().to_vec_padded(size)?) })
}
