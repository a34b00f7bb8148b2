//! Devices with an answer that was not waited for. The answer must be read before the next command or before closing, and both wait
//! for the TPM. So the open devices are kept: the next connection reads the answer first, or they are closed with the process.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Mutex;

use zeroize::Zeroizing;

use super::line::Line;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::process::Process;
use crate::transport::answer::LARGEST;

/// One slot for each connection of the process that has timed out and was not used since. Each slot has its own lock, which is not
/// waited for: in a forked child, a thread that does not exist there may hold it.
static LATE: [Slot; 16] = [const { Mutex::new(None) }; 16];

type Slot = Mutex<Option<(Process, Line)>>;

/// Keeps an open device. If all slots are in use, it is closed, which waits for the answer.
pub(super) fn keep(line: Line) {
    let mut kept = Some((Process::this(), line));
    for slot in &LATE {
        match slot.try_lock() {
            Ok(mut slot) if slot.is_none() => return *slot = kept.take(),
            _ => {}
        }
    }
}

/// Waits for late answers of the device and closes the open files. If the device allows only one opener, there is no other way to use
/// it; if it allows several, their commands wait for each other anyway.
///
/// # Errors
/// The deadline passes first.
pub(super) fn finish(path: &Path, deadline: Deadline) -> Result<(), Error> {
    // The caller opens the device next and reports what is wrong with it.
    let Ok(device) = fs::metadata(path).map(|device| device.rdev()) else { return Ok(()) };
    let mut answer = Zeroizing::new(Vec::with_capacity(LARGEST));
    for mut line in LATE.iter().filter_map(|slot| take(slot, device)) {
        // An error also ends the wait.
        if line.receive(&mut answer, deadline).is_ok_and(|received| !received) {
            keep(line);
            return Err(deadline.missed("the TPM has not answered an earlier command"));
        }
    }
    Ok(())
}

/// Takes the open file of this device. One of a parent process is closed: its answer belongs to the parent.
fn take(slot: &Slot, device: u64) -> Option<Line> {
    let mut slot = slot.try_lock().ok()?;
    let (process, line) = slot.as_ref()?;
    let is_ours = *process == Process::this();
    if is_ours && line.number().ok() != Some(device) {
        return None;
    }
    slot.take().filter(|_| is_ours).map(|(_, line)| line)
}
