//! The operations that wait for the worker, in order of arrival.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::pace::Pace;
use super::{Desk, Outcome, worker};
use crate::error::{Error, Reason, Result};

/// A TPM that has not ended an operation after this time is stuck, or makes an RSA key. Operations that find the queue full then fail
/// at once; before, their thread waits for a place, as it would without jobs.
const STUCK: Duration = Duration::from_secs(5);

/// How long unloading waits for the operation that the worker runs. Later the worker ends by itself.
const LAST_OPERATION: Duration = Duration::from_secs(2);

/// The queue of one process.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    pace: Arc<Pace>,
    /// Notified when anything of the state changes.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Task>,
    reserved: usize,
    /// When the worker began the operation that it runs.
    began: Option<Instant>,
    has_worker: bool,
    is_ended: bool,
}

/// A reserved place in the queue.
pub(super) struct Place<'a>(&'a Queue);

/// One operation for a job. If it is dropped before it has run, its job gets an error.
pub(super) struct Task {
    desk: Arc<Desk>,
    number: u64,
    work: Option<Box<dyn FnOnce() -> Outcome + Send>>,
}

impl Queue {
    /// Reserves a place for an operation. Returns `None` if there is no worker: then the caller runs it.
    ///
    /// # Errors
    /// `Busy`: too many operations wait.
    pub(super) fn reserve(self: &Arc<Self>) -> Option<Result<Place<'_>>> {
        let mut state = self.state();
        if state.is_ended {
            return None;
        }
        if !state.has_worker {
            worker::start(self).ok()?;
            state.has_worker = true;
        }
        while state.is_full(self.pace.places()) && !state.is_ended {
            let left = STUCK.saturating_sub(state.began.map(|began| began.elapsed()).unwrap_or_default());
            if left.is_zero() {
                return Some(Err(busy(state.waiting.len())));
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.reserved = state.reserved.saturating_add(1);
        Some(Ok(Place(self)))
    }

    /// Waits for the next operation. Returns `None` when the worker must end.
    pub(super) fn next(&self) -> Option<Task> {
        let mut state = self.state();
        loop {
            if state.is_ended || tpm::is_exiting() {
                return None;
            }
            match state.waiting.pop_front() {
                Some(task) => {
                    state.began = Some(Instant::now());
                    self.changed.notify_all();
                    return Some(task);
                }
                None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Runs an operation.
    pub(super) fn run(&self, task: Task) {
        let ran = task.run(&self.pace);
        let began = self.state().began.take();
        if let Some(began) = began.filter(|_| ran) {
            self.pace.note_time(began.elapsed());
        }
        // Whoever waits for a place looks at their number again.
        self.changed.notify_all();
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

impl Place<'_> {
    /// Queues the operation.
    pub(super) fn take(self, task: Task) {
        let mut state = self.0.state();
        if state.is_ended {
            drop(state);
            return drop(task);
        }
        state.waiting.push_back(task);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.reserved = state.reserved.saturating_sub(1);
        drop(state);
        self.0.changed.notify_all();
    }
}

impl Task {
    pub(super) fn new(desk: Arc<Desk>, number: u64, work: Box<dyn FnOnce() -> Outcome + Send>) -> Self {
        Self { desk, number, work: Some(work) }
    }

    /// Runs the work and delivers its result, if a job waits for it.
    fn run(mut self, pace: &Arc<Pace>) -> bool {
        let work = self.work.take().filter(|_| !self.desk.is_closed());
        let runs = work.is_some();
        if let Some(work) = work {
            self.desk.deliver(self.number, worker::without_panic(work), pace);
        }
        runs
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if self.work.take().is_some() {
            let text = "the operation has not begun: the provider is being unloaded, or the process exits";
            self.desk.deliver(self.number, Err(Error::new(Reason::Stopped, text)), &Arc::default());
        }
    }
}

impl State {
    /// Returns true if no more operations may wait. The worker drops those that no job waits for any more.
    fn is_full(&self, places: usize) -> bool {
        let wanted = || self.waiting.iter().filter(|task| !task.desk.is_closed()).count();
        let is_over = |waiting: usize| waiting.saturating_add(self.reserved) >= places;
        is_over(self.waiting.len()) && is_over(wanted())
    }
}

#[cold]
fn busy(waiting: usize) -> Error {
    let seconds = STUCK.as_secs();
    let text = format!(
        "{waiting} operations wait already, and the TPM has needed more than {seconds} seconds for the present one"
    );
    Error::new(Reason::Busy, text).with_hint("check that the TPM works (tpm2-keytool status)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::wake::Wake;

    fn add(queue: &Arc<Queue>, number: u64) -> Arc<Desk> {
        let desk = Arc::new(Desk::new(Wake::new().unwrap()));
        let work = Box::new(|| -> Outcome { Ok(Box::new(())) });
        Place(queue).take(Task::new(Arc::clone(&desk), number, work));
        desk
    }

    #[test]
    fn a_worker_without_an_operation_is_not_stuck() {
        let queue = Arc::new(Queue::default());
        let desk = add(&queue, 1);
        let task = queue.next().unwrap();
        assert!(queue.state().began.is_some());
        queue.run(task);
        assert!(queue.state().began.is_none());
        assert!(desk.take(1).unwrap().unwrap().is_ok());
        // Also after an operation that no job waits for any more.
        let closed = add(&queue, 2);
        closed.close();
        queue.run(queue.next().unwrap());
        assert!(queue.state().began.is_none());
    }
}
