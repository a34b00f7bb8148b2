//! ReadClock (TPM 2.0 Part 3 §29.1): the TPM's time (Part 1 §36; TPMS_TIME_INFO, Part 2 §10.11.6).

use keyfile::CommandCode;
use keyfile::wire::Reader;

use super::Run;
use super::frame::Command;
use crate::error::Error;

/// Time, clock and counters of a TPM. A PolicyCounterTimer compares bytes of this structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeInfo {
    /// Milliseconds since the TPM got power.
    pub time: u64,
    /// Milliseconds that the TPM has been powered in total; the owner may advance it.
    pub clock: u64,
    /// Resets since the last TPM2_Clear.
    pub reset_count: u32,
    /// Restarts and resumes since the last reset.
    pub restart_count: u32,
    /// True if `clock` was never set back by a loss of power.
    pub safe: bool,
}

/// Runs ReadClock.
pub(crate) fn read_clock(run: &mut dyn Run) -> Result<TimeInfo, Error> {
    let command =
        Command { code: CommandCode::READ_CLOCK, handles: &[], parameters: &[], makes_handle: false };
    let mut r = Reader::new(run.audited(&command)?.parameters);
    let time = r.u64()?;
    let (clock, reset_count, restart_count, safe) = (r.u64()?, r.u32()?, r.u32()?, r.u8()? != 0);
    r.finish()?;
    Ok(TimeInfo { time, clock, reset_count, restart_count, safe })
}
