//! PKCS#1 v1.5 for encryption: a block of type 2 (RFC 8017 §7.2).
use subtle::{Choice, ConstantTimeEq as _, ConstantTimeGreater as _, CtOption};
use zeroize::Zeroizing;

use super::OVERHEAD;
use crate::{Error, Message, ct, error::Random};

/// A source of random bytes that gives a zero so many times in a row is broken.
const TRIES: usize = 64;

/// RSAES-PKCS1-v1_5 encoding (RFC 8017 §7.2.1, steps 1 and 2): the block of a message for a modulus of `size` bytes,
/// padded with bytes from `random`.
///
/// Constant time in the contents of the message; the time tells how many zeros `random` gave, which are thrown away.
///
/// # Errors
/// [`Error::TooLong`] if the message is longer than `size` less [`OVERHEAD`], [`Error::Random`] if `random` fails.
pub fn encode(message: &[u8], size: usize, random: &mut Random<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
    let max = size.checked_sub(OVERHEAD);
    let spare = max.and_then(|max| max.checked_sub(message.len()));
    let spare = spare.ok_or(Error::TooLong { max: max.unwrap_or(0), found: message.len() })?;
    let mut padding = Zeroizing::new(vec![0; spare.saturating_add(8)]);
    random(&mut padding).map_err(Error::Random)?;
    for byte in padding.iter_mut() {
        fill(byte, random)?;
    }

    let mut block = Zeroizing::new(Vec::with_capacity(size));
    block.extend([0, 2]);
    block.extend(padding.iter());
    block.push(0);
    block.extend(message);
    Ok(block)
}

/// RSAES-PKCS1-v1_5 decoding (RFC 8017 §7.2.2, step 3): the message in a block that the private key decrypted.
///
/// Constant time: no address and no branch depends on the contents of the block, until [`Message::reveal`] looks whether
/// there is one. With that outcome a sender of chosen ciphertexts decrypts everything (Bleichenbacher, CRYPTO 1998): use
/// [`super::rejection`], which has no bad outcome, or [`super::tls`]. This is what OpenSSL does with
/// `implicit-rejection` off.
///
/// # Errors
/// [`Error::ModulusTooSmall`] if the block is shorter than [`OVERHEAD`].
pub fn decode(block: &[u8]) -> Result<CtOption<Message>, Error> {
    let (good, start) = scan(block)?;
    Ok(CtOption::new(Message::new(block).behind(start), good))
}

/// Whether it is a block of type 2, and where its message starts if so. Constant time in the contents.
pub(super) fn scan(block: &[u8]) -> Result<(Choice, u32), Error> {
    let [zero, two, rest @ ..] = block else { return Err(too_small(block)) };
    if block.len() < OVERHEAD {
        return Err(too_small(block));
    }
    let (padding, endless) = ct::leading(rest, |byte| byte.ct_eq(&0));
    let good = zero.ct_eq(&0) & two.ct_eq(&2) & endless.ct_eq(&0) & padding.ct_gt(&7);
    // Behind 00, 02, the padding and, if there is one, the separator.
    Ok((good, padding.wrapping_add(3).wrapping_sub(endless)))
}

fn too_small(block: &[u8]) -> Error {
    Error::ModulusTooSmall { needed: OVERHEAD.saturating_mul(8), found: block.len().saturating_mul(8) }
}

/// Makes a zero another byte.
fn fill(byte: &mut u8, random: &mut Random<'_>) -> Result<(), Error> {
    for _ in 0..TRIES {
        if *byte != 0 {
            return Ok(());
        }
        random(std::slice::from_mut(byte)).map_err(Error::Random)?;
    }
    if *byte == 0 { Err(Error::Random("nothing but zeros".into())) } else { Ok(()) }
}
