//! The queue for the connection: one operation at a time, in order of arrival, and none waits past its deadline.
//!
//! A thread that arrives while the turn is free takes it at once, even if other threads are waking up. So the TPM is not idle while a
//! thread wakes. A thread that has waited longer than [`FAIR_WAIT`] is handed the turn and cannot be overtaken.
//!
//! A thread whose turn was long, for instance to make an RSA key, queues next time as if it had arrived later by that time. So
//! threads with short operations use the TPM for as long.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::command::Waiters;
use crate::deadline::Deadline;
use crate::error::Error;

/// About the time of a signature on a chip: a few signatures may overtake a waiting thread, but do not delay a handshake.
const FAIR_WAIT: Duration = Duration::from_millis(20);

thread_local! {
    /// The end and the duration of this thread's last turn, if it was long.
    static LAST_TURN: Cell<Option<(Instant, Duration)>> = const { Cell::new(None) };
}

/// The queue.
#[derive(Default)]
pub(super) struct Gate {
    state: Mutex<State>,
    /// Notified when a thread joins the queue.
    joined: Condvar,
}

#[derive(Default)]
struct State {
    /// When the present turn began.
    began: Option<Instant>,
    /// The waiter that was handed the turn and has not woken up yet.
    handed_to: Option<u64>,
    queue: VecDeque<Waiter>,
    tickets: u64,
}

struct Waiter {
    ticket: u64,
    /// The time of arrival, delayed after a long turn.
    since: Instant,
    wake: Arc<Condvar>,
}

impl Gate {
    /// Waits for the turn.
    ///
    /// # Errors
    /// The turn does not come before the deadline.
    pub(super) fn enter(&self, deadline: Deadline) -> Result<(), Error> {
        let mut state = self.state();
        if state.try_take() {
            return Ok(());
        }
        let (ticket, wake) = state.join();
        self.joined.notify_all();
        loop {
            let left = deadline.left();
            state = match left {
                None => wake.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(left) => wake.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
            };
            if state.handed_to == Some(ticket) {
                state.handed_to = None;
                state.began = Some(Instant::now());
                return Ok(());
            }
            let passed = deadline.has_passed();
            if passed || !state.is_taken() {
                state.queue.retain(|waiter| waiter.ticket != ticket);
            }
            if state.try_take() {
                return Ok(());
            }
            if passed {
                return Err(deadline
                    .missed("other operations of this process kept the TPM busy; this one did not start"));
            }
        }
    }

    /// Takes the turn if it is free.
    pub(super) fn try_enter(&self) -> bool {
        self.state().try_take()
    }

    /// Ends the turn.
    pub(super) fn leave(&self) {
        let mut state = self.state();
        let now = Instant::now();
        let held = state.began.take().map(|began| now.saturating_duration_since(began));
        let _ = LAST_TURN
            .try_with(|last| last.set(held.filter(|held| *held > FAIR_WAIT).map(|held| (now, held))));
        match state.queue.front() {
            Some(first) if now.saturating_duration_since(first.since) > FAIR_WAIT => {
                let first = state.queue.pop_front();
                state.handed_to = first.as_ref().map(|first| first.ticket);
                drop(state);
                first.iter().for_each(|first| first.wake.notify_one());
            }
            first => {
                let wake = first.map(|first| Arc::clone(&first.wake));
                drop(state);
                wake.iter().for_each(|wake| wake.notify_one());
            }
        }
    }

    /// Locks the state. A panic while this lock is held leaves the state consistent.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiters for Gate {
    fn arrive_within(&self, pause: Duration) -> bool {
        let state = self.state();
        let alone = |state: &mut State| state.queue.is_empty();
        let (state, _) =
            self.joined.wait_timeout_while(state, pause, alone).unwrap_or_else(PoisonError::into_inner);
        !state.queue.is_empty()
    }
}

impl State {
    /// Takes the turn if it is free.
    fn try_take(&mut self) -> bool {
        let is_free = !self.is_taken();
        if is_free {
            self.began = Some(Instant::now());
        }
        is_free
    }

    fn is_taken(&self) -> bool {
        self.began.is_some() || self.handed_to.is_some()
    }

    fn join(&mut self) -> (u64, Arc<Condvar>) {
        self.tickets = self.tickets.wrapping_add(1);
        let wake = Arc::<Condvar>::default();
        let last = LAST_TURN.try_with(Cell::take).ok().flatten();
        let penalty = last.map_or(Duration::ZERO, |(ended, held)| held.saturating_sub(ended.elapsed()));
        let since = Instant::now().checked_add(penalty).unwrap_or_else(Instant::now);
        let index = self.queue.partition_point(|waiter| waiter.since <= since);
        self.queue.insert(index, Waiter { ticket: self.tickets, since, wake: Arc::clone(&wake) });
        (self.tickets, wake)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    const SOON: Duration = Duration::from_millis(30);

    fn wait_for(gate: &Gate, count: usize) {
        while gate.state().queue.len() != count {
            thread::yield_now();
        }
    }

    #[test]
    fn threads_enter_one_at_a_time_and_none_starves() {
        let (gate, inside, done) = (Gate::default(), AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        gate.enter(Deadline::NEVER).unwrap();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                        done.fetch_add(1, Ordering::SeqCst);
                        gate.leave();
                    }
                });
            }
        });
        assert_eq!(done.into_inner(), 1600);
        assert!(gate.try_enter() && !gate.try_enter());
    }

    #[test]
    fn a_long_waiter_is_not_overtaken() {
        let (gate, order) = (Gate::default(), Mutex::new(Vec::new()));
        gate.enter(Deadline::NEVER).unwrap();
        thread::scope(|scope| {
            for number in 0..3 {
                let (gate, order) = (&gate, &order);
                scope.spawn(move || {
                    gate.enter(Deadline::NEVER).unwrap();
                    order.lock().unwrap().push(number);
                    thread::sleep(SOON);
                    gate.leave();
                });
                wait_for(gate, number + 1);
            }
            thread::sleep(FAIR_WAIT * 2);
            gate.leave();
            // The turn is handed to a waiter already.
            assert!(!gate.try_enter());
        });
        assert_eq!(*order.lock().unwrap(), [0, 1, 2]);
    }

    #[test]
    fn a_thread_with_a_long_turn_queues_behind_others() {
        let (gate, order) = (Gate::default(), Mutex::new(Vec::new()));
        gate.enter(Deadline::NEVER).unwrap();
        thread::sleep(SOON);
        gate.leave();
        assert!(LAST_TURN.get().is_some_and(|(_, held)| held >= SOON));
        gate.enter(Deadline::NEVER).unwrap();
        let come = |held: Duration| {
            LAST_TURN.set(Some((Instant::now(), held)));
            gate.enter(Deadline::NEVER).unwrap();
            order.lock().unwrap().push(held);
            gate.leave();
        };
        let [slow, quick] = [60, 0].map(Duration::from_secs);
        thread::scope(|scope| {
            let come = &come;
            for (held, waiting) in [(slow, 1), (quick, 2)] {
                scope.spawn(move || come(held));
                wait_for(&gate, waiting);
            }
            gate.leave();
        });
        assert_eq!(*order.lock().unwrap(), [quick, slow]);
    }

    #[test]
    fn waiting_ends_at_the_deadline_and_the_holder_sees_waiters() {
        let gate = Gate::default();
        gate.enter(Deadline::NEVER).unwrap();
        assert!(!gate.arrive_within(Duration::from_millis(1)));
        thread::scope(|scope| {
            let late = scope.spawn(|| gate.enter(Deadline::within(SOON)));
            assert!(gate.arrive_within(Duration::from_secs(60)));
            let error = late.join().unwrap().unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Timeout, "{error}");
        });
        wait_for(&gate, 0);
        gate.leave();
        assert!(gate.try_enter());
    }
}
