//! The operations that wait for the worker, in order of arrival.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::pace::Pace;
use super::{Desk, Outcome, worker};
use crate::error::{Error, Reason, Result};

/// How long unloading waits for the operation that the worker runs. Later the worker ends by itself.
const LAST_OPERATION: Duration = Duration::from_secs(2);

/// The queue of one process.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Notified when anything of the state changes.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Task>,
    pace: Pace,
    has_worker: bool,
    is_ended: bool,
}

/// One operation for a job. If it is dropped before it has run, its job gets an error.
pub(super) struct Task {
    desk: Arc<Desk>,
    number: u64,
    work: Option<Box<dyn FnOnce() -> Outcome + Send>>,
}

impl Queue {
    /// Adds an operation. Returns `None` if there is no worker: then the caller runs it.
    ///
    /// # Errors
    /// `Busy`: too many operations wait.
    pub(super) fn add(self: &Arc<Self>, task: Task) -> Option<Result<()>> {
        let mut state = self.state();
        if state.is_ended {
            task.forget();
            return None;
        }
        if !state.has_worker {
            if worker::start(self).is_err() {
                task.forget();
                return None;
            }
            state.has_worker = true;
        }
        let room = state.pace.room();
        // The worker drops those that no job waits for any more.
        let wanted = || state.waiting.iter().filter(|task| !task.desk.is_closed()).count();
        if state.waiting.len() >= room && wanted() >= room {
            let error = busy(room, state.pace);
            task.forget();
            return Some(Err(error));
        }
        state.waiting.push_back(task);
        self.changed.notify_all();
        Some(Ok(()))
    }

    /// Waits for the next operation. Returns `None` when the worker must end.
    pub(super) fn next(&self) -> Option<Task> {
        let mut state = self.state();
        loop {
            if state.is_ended || tpm::is_exiting() {
                return None;
            }
            match state.waiting.pop_front() {
                Some(task) => return Some(task),
                None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Runs an operation.
    pub(super) fn run(&self, task: Task) {
        let start = Instant::now();
        if task.run() {
            self.state().pace.note(start.elapsed());
        }
    }

    /// Records that the worker has ended. Operations that wait fail.
    pub(super) fn worker_ended(&self) {
        let mut state = self.state();
        state.has_worker = false;
        state.is_ended = true;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        self.changed.notify_all();
        drop(waiting);
    }

    /// Ends the worker, and waits for its last operation, but not for long.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.is_ended = true;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        self.changed.notify_all();
        drop(waiting);
        let running = |state: &mut State| state.has_worker;
        let ended = self.changed.wait_timeout_while(self.state(), LAST_OPERATION, running);
        drop(ended.unwrap_or_else(PoisonError::into_inner));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Task {
    pub(super) fn new(desk: Arc<Desk>, number: u64, work: Box<dyn FnOnce() -> Outcome + Send>) -> Self {
        Self { desk, number, work: Some(work) }
    }

    /// Runs the work and delivers its result, if a job waits for it.
    fn run(mut self) -> bool {
        let work = self.work.take().filter(|_| !self.desk.is_closed());
        let runs = work.is_some();
        if let Some(work) = work {
            self.desk.deliver(self.number, worker::without_panic(work));
        }
        runs
    }

    /// Drops the operation without a word to the job, which has not paused yet.
    fn forget(mut self) {
        self.work = None;
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if self.work.take().is_some() {
            let text = "the operation has not begun: the provider is being unloaded, or the process exits";
            self.desk.deliver(self.number, Err(Error::new(Reason::Stopped, text)));
        }
    }
}

fn busy(waiting: usize, pace: Pace) -> Error {
    let seconds = pace.time_of(waiting).as_secs_f64();
    let text = format!("{waiting} operations wait for the TPM, which needs {seconds:.1} seconds for them");
    Error::new(Reason::Busy, text)
        .with_hint("reduce the load, or use a faster key: an EC key, or one at a persistent handle")
}
