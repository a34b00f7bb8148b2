//! Operations in OpenSSL's asynchronous jobs (ASYNC_start_job(3ossl)), with the setting `async = yes`.
//!
//! A job is a stack of its own that a thread leaves and enters again. An operation in a job is run by another thread, the worker,
//! while the job is paused; the program then goes on with other work.
//!
//! ```text
//! in the job                                      the worker
//!   Jobs::run      queue: work, number, desk ---->   runs the work
//!   pause          <---- wakes the program ----    desk: number -> result
//!   desk: takes the result by its number
//! ```
//!
//! A program may abandon a paused job, and its stack is then never unwound (libssl does so when a connection is freed). So while a job
//! is paused, its stack holds no lock, no result and no count of the instance: `wait` has a number only. Copies of the input and a digest
//! above it are lost with it. The result waits at the desk of the wait context, and is wiped with it.
//!
//! | file | what |
//! |---|---|
//! | `desk` | the results for the jobs of one wait context |
//! | `queue` | the operations that wait, and how many may |
//! | `worker` | the thread |
//! | `pace` | how long operations take |

mod desk;
mod pace;
mod queue;
mod worker;

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tpm::PerProcess;

use crate::error::{Error, Reason, Result};
use crate::ffi::job::Job;
use crate::ffi::libcrypto::Libcrypto;
pub(crate) use desk::Desk;
use queue::{Queue, Task};

/// The jobs of one provider instance.
pub(crate) struct Jobs {
    libcrypto: Arc<Libcrypto>,
    queues: PerProcess<Queue>,
}

/// A result of any type, or the error.
type Outcome = Result<Box<dyn Any + Send>>;

/// A pause that is shorter has not left the job: pauses are blocked (ASYNC_block_pause(3ossl)), or the program does not wait.
const NO_PAUSE: Duration = Duration::from_micros(20);

/// How many such pauses are tried before the thread sleeps instead.
const PATIENT_PAUSES: u32 = 32;

impl Jobs {
    pub(crate) fn new(libcrypto: Arc<Libcrypto>) -> Self {
        Self { libcrypto, queues: PerProcess::default() }
    }

    /// Returns the job in which this thread is, unless the process exits.
    pub(crate) fn current(&self) -> Option<Job<'_>> {
        Job::current(&self.libcrypto).filter(|_| !tpm::is_exiting())
    }

    /// Runs the work in the worker while the job is paused. The work owns its data. Returns `None` if the job cannot wait for it: then
    /// the caller runs it.
    ///
    /// # Errors
    /// Those of the work. `Busy`: too many operations wait. `Forked`: the job belongs to the parent process.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        job: Job<'_>,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Option<Result<T>> {
        let number = match self.begin(job, work)? {
            Ok(number) => number,
            Err(error) => return Some(Err(error)),
        };
        Some(wait(job, number).and_then(|outcome| {
            let unexpected = || Error::new(Reason::Internal, "a job has the result of another operation");
            outcome.downcast().map(|result| *result).map_err(|_| unexpected())
        }))
    }

    /// Queues the work, and returns its number.
    #[inline(never)]
    fn begin<T: Send + 'static>(
        &self,
        job: Job<'_>,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Option<Result<u64>> {
        let queue = self.queues.current(|_| Arc::default(), |_| ());
        // First: the desk puts a descriptor into the wait context, and a program learns of it only when the job pauses. HAProxy crashes
        // when the job ends instead.
        let place = match queue.reserve()? {
            Ok(place) => place,
            Err(error) => return Some(Err(error)),
        };
        let desk = job.desk()?;
        // A child goes on counting, so it never uses a number that was given before the fork.
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let work = Box::new(move || work().map(|result| -> Box<dyn Any + Send> { Box::new(result) }));
        place.take(Task::new(desk, number, work));
        Some(Ok(number))
    }

    /// Ends the worker. Operations that have not begun fail.
    pub(crate) fn end(&self) {
        if let Some(queue) = self.queues.find() {
            queue.end();
        }
    }
}

/// Pauses the job until the desk has its result.
#[inline(never)]
fn wait(job: Job<'_>, number: u64) -> Outcome {
    let mut short = 0_u32;
    loop {
        // At least once, even if the result is there already: see `begin`.
        let start = Instant::now();
        job.pause();
        short = if start.elapsed() < NO_PAUSE { short.saturating_add(1) } else { 0 };
        // A program may continue the job too early.
        if let Some(outcome) = job.with_desk(|desk| desk.take(number))?? {
            return outcome;
        }
        if short >= PATIENT_PAUSES {
            job.with_desk(Desk::wait_briefly)?;
        }
    }
}
