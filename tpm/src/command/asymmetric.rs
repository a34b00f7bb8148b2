//! RSA_Decrypt and ECDH_ZGen (TPM 2.0 Part 3 §14.3, §14.5).

use keyfile::wire::{Marshal, Reader, Unmarshal, Writer};
use keyfile::{CommandCode, Point, Scheme};
use zeroize::Zeroizing;

use super::{Guarded, Protect, Run};
use crate::error::Error;

/// RSA_Decrypt: decrypts a block. The scheme NULL means the key's own scheme, or the raw private operation if the key has none. OAEP
/// may have a label.
pub(crate) fn rsa_decrypt(
    run: &mut dyn Run,
    key: &Guarded<'_>,
    block: &[u8],
    (scheme, label): (Scheme, &[u8]),
    protect: Protect,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut w = Writer::new();
    w.sized(block);
    scheme.marshal(&mut w);
    w.sized(label);
    let parameters = w.finish()?;
    let response = run.guarded(CommandCode::RSA_DECRYPT, key, &parameters, protect.encrypted())?;
    let message = Reader::new(response).sized().map(|message| Zeroizing::new(message.to_vec()));
    run.wipe();
    Ok(message?)
}

/// ECDH_ZGen: multiplies a point by the private key.
pub(crate) fn ecdh_zgen(
    run: &mut dyn Run,
    key: &Guarded<'_>,
    point: &Point,
    protect: Protect,
) -> Result<Point, Error> {
    let parameters = point.to_sized()?;
    let response = run.guarded(CommandCode::ECDH_ZGEN, key, &parameters, protect.encrypted())?;
    let shared = Point::from_sized(response);
    run.wipe();
    Ok(shared?)
}
