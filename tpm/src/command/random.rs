//! GetRandom (TPM 2.0 Part 3 §16.1).

use keyfile::CommandCode;
use keyfile::wire::Reader;
use zeroize::Zeroizing;

use super::Run;
use super::frame::Command;
use crate::error::Error;

/// GetRandom: returns at most `wanted` bytes. A TPM returns at most the size of its longest digest.
pub(crate) fn random(run: &mut dyn Run, wanted: u16) -> Result<Zeroizing<Vec<u8>>, Error> {
    let wanted = wanted.to_be_bytes();
    let response = run.secret(&get_random(&wanted))?.parameters;
    let mut r = Reader::new(response);
    let random = r.sized().and_then(|random| r.finish().map(|()| Zeroizing::new(random.to_vec())));
    run.wipe();
    Ok(random?)
}

/// Returns the command for this number of bytes, in big-endian order.
pub(crate) fn get_random(wanted: &[u8; 2]) -> Command<'_> {
    Command { code: CommandCode::GET_RANDOM, handles: &[], parameters: wanted, makes_handle: false }
}
