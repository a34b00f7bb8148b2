//! A private key, as the numbers of a TPM's public and sensitive area.

use keyfile::{AlgId, Curve, HashAlg, PublicKey, Sensitive};
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::EcKey;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::Rsa;
use tpm::template::Template;
use zeroize::Zeroizing;

use crate::public_key;

/// The hint about the private keys that can be wrapped.
pub(crate) const KINDS: &str = "give an RSA or EC private key: PKCS#1, PKCS#8, SEC1 or PKCS#12, PEM or DER";

/// The numbers of a TPM's public and sensitive area. The private number is wiped when dropped.
pub(crate) enum PrivateKey {
    Rsa { exponent: u32, modulus: Vec<u8>, prime: Zeroizing<Vec<u8>> },
    Ec { curve: Curve, x: Vec<u8>, y: Vec<u8>, d: Zeroizing<Vec<u8>> },
}

impl PrivateKey {
    /// Extracts the numbers of a key.
    ///
    /// # Errors
    /// No TPM can hold the key, or its numbers are inconsistent.
    pub(crate) fn of(key: &PKey<Private>) -> Result<Self, Unfit> {
        match key.id() {
            Id::RSA => rsa(&key.rsa()?),
            Id::EC => ec(&key.ec_key()?),
            Id::RSA_PSS => unfit(
                "it is an RSA-PSS key, whose restriction a TPM cannot keep",
                "convert it to a plain RSA key: every RSA key can sign with PSS, too",
            ),
            _ => unfit("it is neither an RSA nor an EC key", KINDS),
        }
    }

    /// Returns true if this is the private half of `public`.
    pub(crate) fn is_of(&self, public: &PublicKey) -> bool {
        self.template().public().key.has_numbers_of(public)
    }

    /// Returns the seed with which the key protects its children as a parent. It is derived from the key, so that the same key gives the
    /// same parent on every TPM, and its children work there, too.
    ///
    /// openssl_tpm2_engine derives the same seed: the name hash over the public numbers and the private number. It writes the private
    /// number without leading zeros.
    pub(crate) fn seed(&self, hash: HashAlg) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            PrivateKey::Rsa { modulus, prime, .. } => hash.digest(&[modulus, prime]),
            PrivateKey::Ec { x, y, d, .. } => {
                let zeros = d.iter().take_while(|&&byte| byte == 0).count();
                hash.digest(&[x, y, d.get(zeros..).unwrap_or_default()])
            }
        })
    }

    /// Returns the sensitive area, without a password and without a seed.
    pub(crate) fn sensitive(self) -> Sensitive {
        let (kind, sensitive) = match self {
            PrivateKey::Rsa { prime, .. } => (AlgId::RSA, prime),
            PrivateKey::Ec { d, .. } => (AlgId::ECC, d),
        };
        Sensitive { kind, auth_value: Zeroizing::default(), seed_value: Zeroizing::default(), sensitive }
    }

    /// Returns the template for the public half.
    pub(crate) fn template(&self) -> Template {
        match self {
            PrivateKey::Rsa { exponent, modulus, .. } => Template::wrapped_rsa(modulus, *exponent),
            PrivateKey::Ec { curve, x, y, .. } => Template::wrapped_ecc(*curve, x, y),
        }
    }
}

/// The reason why a TPM cannot hold a key.
pub(crate) enum Unfit {
    /// The problem, and the hint.
    Key(String, String),
    /// OpenSSL reports an error.
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
        return unfit("its primes are missing", "a TPM needs them: export the key again with its primes");
    };
    // TPM2B_PUBLIC_KEY_RSA is as long as the modulus, so the size is a multiple of 8. Each prime has half of it (Part 2 §11.2.4.5).
    let size = key.n().num_bits();
    let mut product = BigNum::new()?;
    product.checked_mul(p, q, &mut *BigNumContext::new()?)?;
    if product != *key.n() || p.num_bits() != q.num_bits() || size % 16 != 0 {
        return unfit(
            format!("its {size}-bit modulus is not the product of two primes of half its size"),
            "a TPM holds only such keys: make a new key",
        );
    }
    let Some(exponent) = public_key::exponent(key) else {
        return unfit("its public exponent is longer than 32 bits", "a TPM cannot hold it: make a new key");
    };
    // A TPM accepts either prime. With the second one, the seed of a parent is the same as in openssl_tpm2_engine.
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

    /// The expected values were computed with Python's hashlib.
    #[test]
    fn seed_is_the_hash_of_the_numbers_and_the_private_one_has_no_leading_zeros() {
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
