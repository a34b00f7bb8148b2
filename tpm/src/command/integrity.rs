//! PCR_Read (TPM 2.0 Part 3 §22.4).

use keyfile::wire::{Marshal, Reader, Unmarshal};
use keyfile::{CommandCode, DigestList, PcrSelection};

use super::Run;
use super::frame::Command;
use crate::error::Error;

/// One answer to PCR_Read: some of the requested PCRs.
pub(crate) struct SomePcrs {
    /// Counts every change of any PCR.
    pub(crate) update_counter: u32,
    /// The PCRs in this answer.
    pub(crate) selection: PcrSelection,
    /// Their values, in the order of the selection.
    pub(crate) values: Vec<Vec<u8>>,
}

/// PCR_Read: returns as many of the PCRs as one answer holds.
pub(crate) fn some_pcrs(run: &mut dyn Run, selection: &PcrSelection) -> Result<SomePcrs, Error> {
    let parameters = selection.to_bytes()?;
    let command =
        Command { code: CommandCode::PCR_READ, handles: &[], parameters: &parameters, makes_handle: false };
    let mut r = Reader::new(run.audited(&command)?.parameters);
    let update_counter = r.u32()?;
    let selection = PcrSelection::unmarshal(&mut r)?;
    let DigestList(values) = DigestList::unmarshal(&mut r)?;
    r.finish()?;
    Ok(SomePcrs { update_counter, selection, values })
}
