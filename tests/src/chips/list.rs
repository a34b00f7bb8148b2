//! Changes responses of TPM2_GetCapability (Part 3 §30.2) that no session protects.
use crate::raw::{self, GET_CAPABILITY, code, u32_at};

use super::Rules;

/// TPM_CAP_ALGS, TPM_CAP_PCRS, TPM_CAP_TPM_PROPERTIES and TPM_CAP_ECC_CURVES (Part 2 §6.12).
const ALGORITHMS: u32 = 0;
const PCRS: u32 = 5;
const PROPERTIES: u32 = 6;
const CURVES: u32 = 8;

/// The position of the list's length: after the header, moreData and the capability.
const COUNT: usize = 15;
const LIST: usize = 19;

/// Omits algorithms.
pub(super) fn without_algorithms(missing: &'static [u16]) -> Rules {
    filtered(ALGORITHMS, 6, move |entry| !missing.contains(&u16_of(entry)))
}

/// Omits curves.
pub(super) fn without_curves(missing: impl Fn(u16) -> bool + Send + 'static) -> Rules {
    filtered(CURVES, 2, move |entry| !missing(u16_of(entry)))
}

/// Changes the value of a property.
pub(super) fn property(tag: u32, value: u32) -> Rules {
    of(PROPERTIES, move |response| {
        for at in (LIST..response.len()).step_by(8) {
            if u32_at(response, at) == tag {
                response[at + 4..at + 8].copy_from_slice(&value.to_be_bytes());
            }
        }
    })
}

/// Announces more banks than the list has, as some firmware does.
pub(super) fn too_many_banks() -> Rules {
    of(PCRS, |response| {
        let count = u32_at(response, COUNT) + 4;
        response[COUNT..LIST].copy_from_slice(&count.to_be_bytes());
    })
}

/// Keeps only some entries of one capability. All entries have the same length.
fn filtered(capability: u32, size: usize, keep: impl Fn(&[u8]) -> bool + Send + 'static) -> Rules {
    of(capability, move |response| {
        let kept: Vec<&[u8]> = response[LIST..].chunks_exact(size).filter(|entry| keep(entry)).collect();
        let count = u32::try_from(kept.len()).expect("a count");
        let list = kept.concat();
        response.truncate(LIST);
        response[COUNT..].copy_from_slice(&count.to_be_bytes());
        response.extend(list);
        let size = u32::try_from(response.len()).expect("a size");
        response[2..6].copy_from_slice(&size.to_be_bytes());
    })
}

fn of(capability: u32, change: impl Fn(&mut Vec<u8>) + Send + 'static) -> Rules {
    Rules::default().response(move |command, response| {
        let bare = response.starts_with(&[0x80, 0x01]);
        if bare
            && code(command) == GET_CAPABILITY
            && u32_at(raw::command_parameters(command), 0) == capability
        {
            change(response);
        }
    })
}

fn u16_of(entry: &[u8]) -> u16 {
    u16::from_be_bytes([entry[0], entry[1]])
}
