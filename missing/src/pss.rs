//! PSS, the probabilistic padding of signatures (RFC 8017 §9.1), with any digest, MGF1 digest, salt and key size.
//!
//! PSS blocks are not secret: anyone with the public key can recover the block and the salt from the signature.
use crate::{Error, Hasher, hasher, mgf1, salt};

/// The last byte of every block (RFC 8017 §9.1.1, step 12).
const TRAILER: u8 = 0xbc;

/// Encodes with EMSA-PSS-ENCODE (RFC 8017 §9.1.1): returns the block of a signature over `mhash`, the message's digest made with `digest`,
/// for a modulus of `modulus_bits` bits.
///
/// The block is as long as the modulus: for a modulus of 8 n + 1 bits, a zero byte precedes RFC 8017's EM. The salt should be random;
/// [`SaltLength`](crate::SaltLength) gives its length.
///
/// # Errors
/// [`Error::DigestLength`] if `mhash` does not have the length of `digest`, [`Error::ModulusTooSmall`] and [`Error::SaltTooLong`] if the
/// key is too small, [`Error::Hash`] if a hash function fails.
pub fn encode(
    digest: &dyn Hasher,
    mhash: &[u8],
    salt: &[u8],
    mgf1: &dyn Hasher,
    modulus_bits: usize,
) -> Result<Vec<u8>, Error> {
    if mhash.len() != digest.size() {
        return Err(Error::DigestLength { expected: digest.size(), found: mhash.len() });
    }
    let longest = salt::longest(digest.size(), modulus_bits)?;
    let zeros =
        longest.checked_sub(salt.len()).ok_or(Error::SaltTooLong { max: longest, asked: salt.len() })?;

    let h = hash(digest, mhash, salt)?;
    let mut db = vec![0; zeros];
    db.push(1);
    db.extend(salt);
    mgf1::mask(&mut db, &h, mgf1)?;
    if let Some(first) = db.first_mut() {
        *first &= first_mask(modulus_bits);
    }

    let mut block = vec![0; modulus_bits.div_ceil(8).saturating_sub(encoded_length(modulus_bits))];
    block.extend(db);
    block.extend(h.iter());
    block.push(TRAILER);
    Ok(block)
}

/// Verifies with EMSA-PSS-VERIFY (RFC 8017 §9.1.2), for any length of salt: returns the salt of a block that the public key recovered from
/// a signature over `mhash`.
///
/// # Errors
/// [`Error::Padding`] if the block is not one over this digest, [`Error::BlockLength`] if it does not have the length of the modulus,
/// [`Error::DigestLength`], [`Error::ModulusTooSmall`] and [`Error::Hash`] as in [`encode`].
pub fn verify(
    digest: &dyn Hasher,
    mhash: &[u8],
    block: &[u8],
    mgf1: &dyn Hasher,
    modulus_bits: usize,
) -> Result<Vec<u8>, Error> {
    if mhash.len() != digest.size() {
        return Err(Error::DigestLength { expected: digest.size(), found: mhash.len() });
    }
    let size = modulus_bits.div_ceil(8);
    if block.len() != size {
        return Err(Error::BlockLength { expected: size, found: block.len() });
    }
    let longest = salt::longest(digest.size(), modulus_bits)?;
    let split = || {
        let (zero, em) = block.split_at_checked(size.checked_sub(encoded_length(modulus_bits))?)?;
        let (masked, rest) = em.split_at_checked(longest.checked_add(1)?)?;
        let (h, trailer) = rest.split_at_checked(digest.size())?;
        let outside = masked.first()? & !first_mask(modulus_bits);
        (zero.iter().all(|&byte| byte == 0) && trailer == [TRAILER] && outside == 0).then_some((masked, h))
    };
    let (masked, h) = split().ok_or(Error::Padding)?;

    let mut db = masked.to_vec();
    mgf1::mask(&mut db, h, mgf1)?;
    if let Some(first) = db.first_mut() {
        *first &= first_mask(modulus_bits);
    }
    let one = db.iter().position(|&byte| byte != 0).ok_or(Error::Padding)?;
    let salt = match db.get(one..) {
        Some([1, salt @ ..]) => salt,
        _ => return Err(Error::Padding),
    };
    if **hash(digest, mhash, salt)? == *h { Ok(salt.to_vec()) } else { Err(Error::Padding) }
}

/// Returns H (RFC 8017 §9.1.1, steps 5 and 6): the hash of eight zero bytes, the message's digest and the salt.
fn hash(digest: &dyn Hasher, mhash: &[u8], salt: &[u8]) -> Result<zeroize::Zeroizing<Vec<u8>>, Error> {
    hasher::digest(digest, &[&[0; 8], mhash, salt])
}

/// Returns emLen: the bytes of a number with one bit less than the modulus.
fn encoded_length(modulus_bits: usize) -> usize {
    modulus_bits.saturating_sub(1).div_ceil(8)
}

/// Returns the mask of the bits in the first byte of EM that a number of emBits = modulus bits − 1 uses (step 11).
fn first_mask(modulus_bits: usize) -> u8 {
    let spare = encoded_length(modulus_bits).saturating_mul(8).saturating_sub(modulus_bits.saturating_sub(1));
    u32::try_from(spare).ok().and_then(|spare| 0xff_u8.checked_shr(spare)).unwrap_or(0xff)
}
