//! Devices whose answer was given up. close(2) would wait for the kernel, which waits for the TPM (tpm-dev-common.c flushes its work
//! queue): so they are closed when the answer has come, or with the process.

use std::sync::Mutex;

use crate::deadline::Deadline;
use crate::ffi;
use std::time::Duration;

static LATE: Mutex<Vec<ffi::Context>> = Mutex::new(Vec::new());

/// Keeps one until its answer comes.
pub(super) fn keep(context: Option<ffi::Context>) {
    // Never waits: in a forked child the lock may be held by a thread that is not there.
    match LATE.try_lock() {
        Ok(mut late) => late.extend(context),
        Err(_) => std::mem::forget(context),
    }
}

/// Closes those whose answers have come.
pub(super) fn finish() {
    let has_come = |context: &ffi::Context| {
        ffi::readable(&context.descriptors(), Deadline::within(Duration::ZERO)).unwrap_or(true)
    };
    if let Ok(mut late) = LATE.try_lock() {
        late.retain(|context| !has_come(context));
    }
}
