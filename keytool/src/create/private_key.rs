//! A private key in the numbers that a TPM's areas hold.

use keyfile::Curve;
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::EcKey;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::Rsa;
use zeroize::Zeroizing;

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
    // RFC 8017 §3.1; the TPM's field is 32 bits wide (Part 2, TPMS_RSA_PARMS)
    let Some(exponent) = number(&key.e().to_vec()) else {
        return unfit(
            "its public exponent is longer than 32 bits",
            "a TPM holds no such key; make a new one",
        );
    };
    let prime = Zeroizing::new(p.to_vec());
    Ok(PrivateKey::Rsa { exponent, modulus: key.n().to_vec(), prime })
}

fn number(octets: &[u8]) -> Option<u32> {
    (octets.len() <= 4).then(|| octets.iter().fold(0, |number, octet| number << 8 | u32::from(*octet)))
}

fn ec(key: &EcKey<Private>) -> Result<PrivateKey, Unfit> {
    key.check_key()?;
    let group = key.group();
    let Some(name) = group.curve_name().and_then(|nid| nid.short_name().ok()) else {
        return unfit("its curve has no name", "a TPM knows named curves only");
    };
    let Ok(curve) = name.parse::<Curve>() else {
        return unfit(format!("no TPM has its curve, {name}"), "make a key on P-256, P-384 or P-521");
    };
    let (mut x, mut y) = (BigNum::new()?, BigNum::new()?);
    key.public_key().affine_coordinates(group, &mut x, &mut y, &mut *BigNumContext::new()?)?;
    let octets = group.degree().div_ceil(8).try_into().unwrap_or(i32::MAX);
    Ok(PrivateKey::Ec {
        curve,
        x: x.to_vec_padded(octets)?,
        y: y.to_vec_padded(octets)?,
        d: Zeroizing::new(key.private_key().to_vec_padded(octets)?),
    })
}
