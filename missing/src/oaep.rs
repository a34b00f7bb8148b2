//! OAEP, the padding of encrypted messages (RFC 8017 §7.1), with any digest, MGF1 digest and label.
use subtle::{Choice, ConstantTimeEq as _, CtOption};
use zeroize::Zeroizing;

use crate::{Error, Hasher, Message, ct, error::Random, hasher, mgf1};

/// The parameters of OAEP (RFC 8017 §A.2.1).
pub struct Oaep<'a> {
    /// The digest of the label; the seed has the same size.
    pub digest: &'a dyn Hasher,
    /// The digest of the mask generation function.
    pub mgf1: &'a dyn Hasher,
    /// The label L, usually empty.
    pub label: &'a [u8],
}

impl Oaep<'_> {
    /// Returns the maximum message length for a modulus of `size` bytes: k − 2 hLen − 2 (RFC 8017 §7.1.1, step 1).
    ///
    /// # Errors
    /// [`Error::ModulusTooSmall`] if not even an empty message fits.
    pub fn longest(&self, size: usize) -> Result<usize, Error> {
        let needed = self.digest.size().saturating_mul(2).saturating_add(2);
        let too_small =
            || Error::ModulusTooSmall { needed: needed.saturating_mul(8), found: size.saturating_mul(8) };
        size.checked_sub(needed).ok_or_else(too_small)
    }

    /// Encodes a message with EME-OAEP (RFC 8017 §7.1.1, steps 1 and 2): returns the block for a modulus of `size` bytes, with a seed from
    /// `random`.
    ///
    /// Constant-time in the contents of message and seed if the hash functions are.
    ///
    /// # Errors
    /// [`Error::TooLong`] if the message does not fit, [`Error::ModulusTooSmall`] if no message does, [`Error::Random`] and [`Error::Hash`]
    /// if `random` or a hash function fails.
    pub fn encode(
        &self,
        message: &[u8],
        size: usize,
        random: &mut Random<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let max = self.longest(size)?;
        let zeros = max.checked_sub(message.len()).ok_or(Error::TooLong { max, found: message.len() })?;
        let mut seed = Zeroizing::new(vec![0; self.digest.size()]);
        random(&mut seed).map_err(Error::Random)?;

        let mut db = Zeroizing::new(Vec::with_capacity(size));
        db.extend(self.label_hash()?.iter());
        db.extend(std::iter::repeat_n(0, zeros));
        db.push(1);
        db.extend(message);
        mgf1::mask(&mut db, &seed, self.mgf1)?;
        mgf1::mask(&mut seed, &db, self.mgf1)?;

        let mut block = Zeroizing::new(Vec::with_capacity(size));
        block.push(0);
        block.extend(seed.iter());
        block.extend(db.iter());
        Ok(block)
    }

    /// Decodes a block that the private key decrypted with EME-OAEP (RFC 8017 §7.1.2, step 3).
    ///
    /// Constant-time if the hash functions are: no address and no branch depends on the contents of the block, and all steps run for every
    /// block, whatever is wrong with it. Only [`Message::reveal`] shows the result: the message and its length, or one error, the same for
    /// first byte, label and separator (note in step 3 g; Manger, CRYPTO 2001).
    ///
    /// # Errors
    /// [`Error::ModulusTooSmall`] if no block with these parameters can have this size, and [`Error::Hash`] if a hash function fails.
    /// Neither depends on the contents of the block.
    pub fn decode(&self, block: &[u8]) -> Result<CtOption<Message>, Error> {
        self.longest(block.len())?;
        let (first, masked) = block.split_first().ok_or(Error::Padding)?;
        let (masked_seed, masked_db) = masked.split_at_checked(self.digest.size()).ok_or(Error::Padding)?;
        let mut seed = Zeroizing::new(masked_seed.to_vec());
        let mut db = Zeroizing::new(masked_db.to_vec());
        mgf1::mask(&mut seed, &db, self.mgf1)?;
        mgf1::mask(&mut db, &seed, self.mgf1)?;

        let (hash, padded) = db.split_at_checked(self.digest.size()).ok_or(Error::Padding)?;
        let (separated, start) = separator(padded);
        let good = first.ct_eq(&0) & self.label_hash()?.ct_eq(hash) & separated;
        Ok(CtOption::new(Message::new(padded).starting_at(start), good))
    }

    /// Returns lHash.
    fn label_hash(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        hasher::digest(self.digest, &[self.label])
    }
}

/// Returns true if the bytes begin with zeros and then a one, and the position after the one.
fn separator(bytes: &[u8]) -> (Choice, u32) {
    let (zeros, _) = ct::leading(bytes, |byte| !byte.ct_eq(&0));
    let (others, endless) = ct::leading(bytes, |byte| byte.ct_eq(&1));
    (zeros.ct_eq(&others) & endless.ct_eq(&0), zeros.wrapping_add(1).wrapping_sub(endless))
}
