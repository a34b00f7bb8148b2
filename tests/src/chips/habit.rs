//! Commands that a chip lacks, runs slowly, or answers unusually.
use std::time::Duration;

use super::Rules;
use super::list::property;
use crate::Swtpm;
use crate::raw::{self, Tpm as _, answer, code};

/// TPM_PT_REVISION.
const REVISION: u32 = 0x102;
/// TPM2_PolicyTemplate, the first command added after revision 1.16.
const FIRST_LATER: u32 = 0x190;

/// Returns the rules of a chip with the commands of revision 1.16.
pub(super) fn revision_116() -> Rules {
    property(REVISION, 116).command(|command| (code(command) >= FIRST_LATER).then(|| answer(raw::NO_COMMAND)))
}

/// Returns the rules of a chip that lacks these commands.
pub(super) fn no_commands(missing: &'static [u32]) -> Rules {
    Rules::default().command(move |command| missing.contains(&code(command)).then(|| answer(raw::NO_COMMAND)))
}

/// Returns the rules of a chip that takes this long for each use of a private key.
pub(super) fn slow(time: Duration) -> Rules {
    Rules::default().command(move |command| {
        if [raw::SIGN, raw::RSA_DECRYPT, raw::ECDH_ZGEN].contains(&code(command)) {
            std::thread::sleep(time);
        }
        None
    })
}

/// Allocates the PCRs of one bank only: TPM2_PCR_Allocate, which takes effect with a reset.
pub(super) fn one_bank(tpm: &Swtpm, hash: u16) {
    let selections = [raw::SHA1, raw::SHA256, raw::SHA384, raw::SHA512].map(|bank| {
        let selected = if bank == hash { 0xFF } else { 0 };
        [&bank.to_be_bytes()[..], &[3], &[selected; 3]].concat()
    });
    let parameters = [&[0, 0, 0, 4][..], &selections.concat()].concat();
    tpm.raw(raw::PCR_ALLOCATE, &[raw::PLATFORM], &[b""], &parameters).ok();
    tpm.reset_and_startup();
}

/// Returns the rules of a chip that omits leading zeros of RSA results and of ECC numbers, in responses without an HMAC.
pub(super) fn cuts_zeros() -> Rules {
    Rules::default().response(|command, response| {
        // The response to a password authorization: two lengths and one byte of attributes after the parameters.
        let (start, end) = (14, response.len().saturating_sub(5));
        if !response.starts_with(&[0x80, 0x02]) || response.get(end..) != Some(&[0, 0, 1, 0, 0][..]) {
            return;
        }
        let parameters = &response[start..end];
        let cut = match code(command) {
            raw::RSA_DECRYPT => shortened(parameters),
            // TPMT_SIGNATURE: scheme and hash, then one or two numbers.
            raw::SIGN => [&parameters[..4], &shortened(&parameters[4..])].concat(),
            raw::ECDH_ZGEN => raw::sized(&shortened(&parameters[2..])),
            _ => return,
        };
        let size = u32::try_from(cut.len()).expect("a size").to_be_bytes();
        let tail = response.split_off(end);
        response.truncate(10);
        response.extend([&size[..], &cut, &tail].concat());
        let whole = u32::try_from(response.len()).expect("a size").to_be_bytes();
        response[2..6].copy_from_slice(&whole);
    })
}

/// Returns the TPM2Bs without their leading zeros.
fn shortened(mut buffers: &[u8]) -> Vec<u8> {
    let mut cut = Vec::new();
    while let Some((size, rest)) = buffers.split_first_chunk::<2>() {
        let (number, rest) = rest.split_at(usize::from(u16::from_be_bytes(*size)));
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        cut.extend(raw::sized(&number[zeros..]));
        buffers = rest;
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_of_each_number_are_removed() {
        assert_eq!(shortened(&[0, 3, 0, 0, 5, 0, 2, 7, 0, 0, 1, 0]), [0, 1, 5, 0, 2, 7, 0, 0, 0]);
    }
}
