//! PKCS#1 v1.5 for encryption: a block of type 2 (RFC 8017 §7.2).
use subtle::{Choice, ConstantTimeEq as _, ConstantTimeGreater as _, CtOption};
use zeroize::Zeroizing;

use super::OVERHEAD;
use crate::{Error, Message, ct, error::Random};

/// A source of random bytes that returns this many zeros in a row is broken.
const TRIES: usize = 64;

/// Encodes a message with RSAES-PKCS1-v1_5 (RFC 8017 §7.2.1, steps 1 and 2): returns the block for a modulus of `size` bytes, padded with
/// bytes from `random`.
///
/// Constant-time in the contents of the message. The time reveals how many zeros `random` returned; those are discarded.
///
/// # Errors
/// [`Error::TooLong`] if the message is longer than `size` − [`OVERHEAD`], [`Error::Random`] if `random` fails.
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

/// Decodes a block that the private key decrypted with RSAES-PKCS1-v1_5 (RFC 8017 §7.2.2, step 3).
///
/// Constant-time: no address and no branch depends on the contents of the block, until [`Message::reveal`] checks if there is a message. If
/// an attacker who chooses ciphertexts learns that result, he can decrypt everything (Bleichenbacher, CRYPTO 1998): use
/// [`super::rejection`], which never reports a bad padding, or [`super::tls`]. OpenSSL does the same as this function with
/// `implicit-rejection` off.
///
/// # Errors
/// [`Error::ModulusTooSmall`] if the block is shorter than [`OVERHEAD`].
pub fn decode(block: &[u8]) -> Result<CtOption<Message>, Error> {
    let (good, start) = scan(block)?;
    Ok(CtOption::new(Message::new(block).starting_at(start), good))
}

/// Returns true if it is a block of type 2, and the position of its message. Constant-time in the contents.
pub(super) fn scan(block: &[u8]) -> Result<(Choice, u32), Error> {
    let [zero, two, rest @ ..] = block else { return Err(too_small(block)) };
    if block.len() < OVERHEAD {
        return Err(too_small(block));
    }
    let (padding, endless) = ct::leading(rest, |byte| byte.ct_eq(&0));
    let good = zero.ct_eq(&0) & two.ct_eq(&2) & endless.ct_eq(&0) & padding.ct_gt(&7);
    // The message follows 00, 02, the padding and the separator, if there is one.
    Ok((good, padding.wrapping_add(3).wrapping_sub(endless)))
}

fn too_small(block: &[u8]) -> Error {
    Error::ModulusTooSmall { needed: OVERHEAD.saturating_mul(8), found: block.len().saturating_mul(8) }
}

/// Replaces a zero by another byte.
fn fill(byte: &mut u8, random: &mut Random<'_>) -> Result<(), Error> {
    for _ in 0..TRIES {
        if *byte != 0 {
            return Ok(());
        }
        random(std::slice::from_mut(byte)).map_err(Error::Random)?;
    }
    if *byte == 0 { Err(Error::Random("the source returned only zeros".into())) } else { Ok(()) }
}
