//! The thread that runs the operations of jobs. It starts with the first of them, and ends when the provider is unloaded.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::Outcome;
use super::queue::Queue;
use crate::ffi::guard::panicked;
use crate::ffi::thread;

/// Starts the thread.
///
/// # Errors
/// The system allows no more threads.
pub(super) fn start(queue: &Arc<Queue>) -> io::Result<()> {
    let queue = Arc::clone(queue);
    thread::start(move || {
        while let Some(task) = queue.next() {
            queue.run(task);
        }
        queue.worker_ended();
    })
}

/// Runs the work.
///
/// # Errors
/// The work fails, or it panics.
pub(super) fn without_panic(work: Box<dyn FnOnce() -> Outcome + Send>) -> Outcome {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(&*panic)))
}
