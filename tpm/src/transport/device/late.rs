//! Devices with an answer that was given up: it must be read before the next command, or be closed, and both wait for the TPM. So they are
//! kept, and the next connection begins with reading it; or they are closed with the process.

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

/// One for each connection of the process that has given up and was not used since. Each slot has a lock of its own, which nobody waits
/// for: in a forked child it may be held by a thread that is not there.
static LATE: [Slot; 16] = [const { Mutex::new(None) }; 16];

type Slot = Mutex<Option<(Process, Line)>>;

/// Keeps one. When there are too many, it is closed, and that waits.
pub(super) fn keep(line: Line) {
    let mut kept = Some((Process::this(), line));
    for slot in &LATE {
        match slot.try_lock() {
            Ok(mut slot) if slot.is_none() => return *slot = kept.take(),
            _ => {}
        }
    }
}

/// Waits for the answers that are late at the device, and closes what they were waited for with. Where only one may have the device open,
/// no other way leads to it; where many may, their commands wait for each other all the same.
///
/// # Errors
/// The deadline passes before.
pub(super) fn finish(path: &Path, deadline: Deadline) -> Result<(), Error> {
    // Whoever opens the device says what is wrong with it.
    let Ok(device) = fs::metadata(path).map(|device| device.rdev()) else { return Ok(()) };
    let mut answer = Zeroizing::new(Vec::with_capacity(LARGEST));
    for mut line in LATE.iter().filter_map(|slot| take(slot, device)) {
        // An error is an end, too.
        if line.receive(&mut answer, deadline).is_ok_and(|came| !came) {
            keep(line);
            return Err(deadline.missed("the TPM has not answered an earlier command"));
        }
    }
    Ok(())
}

/// The line to this device. One of a parent process is closed: its answer is the parent's to read.
fn take(slot: &Slot, device: u64) -> Option<Line> {
    let mut slot = slot.try_lock().ok()?;
    let (process, line) = slot.as_ref()?;
    let is_ours = *process == Process::this();
    if is_ours && line.number().ok() != Some(device) {
        return None;
    }
    slot.take().filter(|_| is_ours).map(|(_, line)| line)
}
