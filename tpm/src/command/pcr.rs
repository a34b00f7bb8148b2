//! PCR_Read and ReadClock (TPM 2.0 Part 3 §22.4, §29.1).

use keyfile::wire::{Marshal, Reader, Unmarshal};
use keyfile::{CommandCode, DigestList, PcrSelection};

use super::Command;
use crate::command::TimeInfo;
use crate::connection::Connection;
use crate::error::Error;

/// One answer to PCR_Read: some of the PCRs that were asked for.
pub(crate) struct SomePcrs {
    /// Counts every change of any PCR.
    pub(crate) update_counter: u32,
    /// Which they are.
    pub(crate) selection: PcrSelection,
    /// Their values, in the order of the selection.
    pub(crate) values: Vec<Vec<u8>>,
}

impl Connection {
    /// PCR_Read: as many of them as one answer holds.
    pub(crate) fn some_pcrs(&mut self, selection: &PcrSelection) -> Result<SomePcrs, Error> {
        let parameters = selection.to_octets()?;
        let command = Command {
            code: CommandCode::PCR_READ,
            handles: &[],
            parameters: &parameters,
            makes_handle: false,
        };
        let mut r = Reader::new(self.bare(&command)?.parameters);
        let update_counter = r.u32()?;
        let selection = PcrSelection::unmarshal(&mut r)?;
        let DigestList(values) = DigestList::unmarshal(&mut r)?;
        r.finish()?;
        Ok(SomePcrs { update_counter, selection, values })
    }

    /// ReadClock.
    pub(crate) fn read_clock(&mut self) -> Result<TimeInfo, Error> {
        let command =
            Command { code: CommandCode::READ_CLOCK, handles: &[], parameters: &[], makes_handle: false };
        let mut r = Reader::new(self.bare(&command)?.parameters);
        let time = r.u64()?;
        let (clock, reset_count, restart_count, safe) = (r.u64()?, r.u32()?, r.u32()?, r.u8()? != 0);
        r.finish()?;
        Ok(TimeInfo { time, clock, reset_count, restart_count, safe })
    }
}
