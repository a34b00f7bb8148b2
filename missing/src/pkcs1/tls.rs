//! PKCS#1 v1.5 decryption of a TLS premaster secret: RSA key transport of TLS 1.2 and earlier.
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::OVERHEAD;
use crate::{Error, ct};

/// The size of a premaster secret in bytes.
pub const PREMASTER: usize = 48;

/// Returns the premaster secret in a block that the private key decrypted, or `random` if the block contains no premaster secret of that
/// version (RFC 5246 §7.4.7.1).
///
/// `client` is the version of the ClientHello. Some old clients send the `negotiated` version instead (`SSL_OP_TLS_ROLLBACK_BUG`). If it is
/// given, it is accepted too.
///
/// Constant-time: no branch and no address depends on the contents of the block, and a wrong version (Klíma, Pokorný, Rosa, CHES 2003) is
/// treated like any other damage.
///
/// # Errors
/// [`Error::ModulusTooSmall`] if the block has no room for a premaster secret, whatever it contains.
pub fn decode(
    block: &[u8],
    client: u16,
    negotiated: Option<u16>,
    random: &[u8; PREMASTER],
) -> Result<Zeroizing<[u8; PREMASTER]>, Error> {
    let needed = OVERHEAD.saturating_add(PREMASTER);
    let too_small =
        || Error::ModulusTooSmall { needed: needed.saturating_mul(8), found: block.len().saturating_mul(8) };
    if block.len() < needed {
        return Err(too_small());
    }
    let (padding, premaster) = block.split_last_chunk::<PREMASTER>().ok_or_else(too_small)?;
    let ([zero, two, filler @ .., end], [major, minor, ..]) = (padding, premaster) else {
        return Err(too_small());
    };

    let (_, endless) = ct::leading(filler, |byte| byte.ct_eq(&0));
    let version = u16::from_be_bytes([*major, *minor]);
    let version = version.ct_eq(&client) | version.ct_eq(&negotiated.unwrap_or(client));
    let good = zero.ct_eq(&0) & two.ct_eq(&2) & endless.ct_eq(&1) & end.ct_eq(&0) & version;

    let mut answer = Zeroizing::new(*random);
    ct::assign(&mut *answer, premaster, good);
    Ok(answer)
}
