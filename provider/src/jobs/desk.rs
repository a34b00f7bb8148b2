//! The results for the jobs of one wait context. It lives as long as that: libcrypto calls our clean-up function when the wait context
//! is freed (ASYNC_WAIT_CTX_set_wait_fd(3ossl)).

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tpm::Process;

use super::Outcome;
use super::pace::Pace;
use crate::error::{Error, Reason, Result};
use crate::ffi::wake::Wake;

/// A result that no job has taken for so long belongs to an abandoned job. Others may use the same wait context.
const ABANDONED: Duration = Duration::from_secs(60);

/// How long a thread sleeps that cannot pause its job.
const BRIEFLY: Duration = Duration::from_millis(1);

/// The results of one wait context.
pub(crate) struct Desk {
    process: Process,
    is_closed: AtomicBool,
    state: Mutex<State>,
    delivered: Condvar,
}

struct State {
    results: HashMap<u64, Kept>,
    /// None once the wait context is freed.
    wake: Option<Wake>,
}

struct Kept {
    outcome: Outcome,
    since: Instant,
    pace: Arc<Pace>,
}

impl Desk {
    pub(crate) fn new(wake: Wake) -> Self {
        let state = State { results: HashMap::new(), wake: Some(wake) };
        Self {
            process: Process::this(),
            is_closed: AtomicBool::new(false),
            state: Mutex::new(state),
            delivered: Condvar::new(),
        }
    }

    /// Returns false in a child of the process that made it: a thread that exists only in the parent may hold the lock.
    pub(crate) fn is_of_this_process(&self) -> bool {
        self.process == Process::this()
    }

    /// Returns true if the wait context is freed: no job waits for results.
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }

    /// Changes how the program is woken.
    pub(crate) fn update(&self, change: impl FnOnce(&mut Wake)) {
        if let Some(wake) = &mut self.state().wake {
            change(wake);
        }
    }

    /// Puts down a result, and wakes the program. The program's callback runs under the lock: otherwise the wait context could be freed
    /// meanwhile. docs/event-loops.md lists what a callback must not do.
    pub(super) fn deliver(&self, number: u64, outcome: Outcome, pace: &Arc<Pace>) {
        let mut state = self.state();
        let State { results, wake: Some(wake) } = &mut *state else { return pace.note_abandoned() };
        results.retain(|_, kept| {
            let is_wanted = kept.since.elapsed() < ABANDONED;
            if !is_wanted {
                wake.take_one();
                kept.pace.note_abandoned();
            }
            is_wanted
        });
        results.insert(number, Kept { outcome, since: Instant::now(), pace: Arc::clone(pace) });
        wake.wake();
        self.delivered.notify_all();
    }

    /// Takes a result if it is there.
    ///
    /// # Errors
    /// `Forked`: the job was paused in the parent process.
    pub(super) fn take(&self, number: u64) -> Result<Option<Outcome>> {
        if !self.is_of_this_process() {
            let text = "the operation of this job began before fork, in the parent process";
            return Err(Error::new(Reason::Forked, text));
        }
        let mut state = self.state();
        let Some(kept) = state.results.remove(&number) else { return Ok(None) };
        if let Some(wake) = &mut state.wake {
            wake.take_one();
        }
        kept.pace.note_taken();
        Ok(Some(kept.outcome))
    }

    /// Waits for any result, but only briefly.
    pub(super) fn wait_briefly(&self) {
        if self.is_of_this_process() {
            let waited = self.delivered.wait_timeout(self.state(), BRIEFLY);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Wipes all results when the wait context is freed.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        if self.is_of_this_process() {
            let mut state = self.state();
            state.wake = None;
            for kept in std::mem::take(&mut state.results).into_values() {
                kept.pace.note_abandoned();
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
