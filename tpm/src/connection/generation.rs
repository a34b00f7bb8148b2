//! The connection of one process: held by one operation at a time, and what those who wait for nobody leave to its holder.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::gate::Gate;
use super::{Connection, Transient};
use crate::command::Patience;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::process::Process;

/// How long a farewell waits for the TPM. What it cannot flush by then is asked after by the next operation.
const CLOSE_TIME: Duration = Duration::from_secs(10);

/// How long the one who frees a key waits for the TPM.
const FREE_TIME: Duration = Duration::from_secs(2);

/// The place of a connection, in one process.
pub(crate) struct Generation {
    process: Process,
    gate: Arc<Gate>,
    connection: Mutex<Option<Connection>>,
    /// Objects whose users are gone.
    freed: Mutex<Vec<Transient>>,
    /// Somebody wants the connection closed.
    closing: AtomicBool,
}

/// The right to use the connection; given back when dropped.
pub(crate) struct Turn<'a> {
    generation: &'a Generation,
    connection: MutexGuard<'a, Option<Connection>>,
    // After the guard: fields are dropped in order.
    _leave: LeaveGate<'a>,
}

struct LeaveGate<'a>(&'a Gate);

impl Generation {
    pub(super) fn new(process: Process) -> Self {
        let (gate, connection, freed, closing) = Default::default();
        Self { process, gate, connection, freed, closing }
    }

    /// Waits for the connection.
    ///
    /// # Errors
    /// Waiters keep it longer than the deadline allows.
    pub(super) fn turn(&self, deadline: Deadline) -> Result<Turn<'_>, Error> {
        self.gate.enter(deadline)?;
        Ok(self.entered())
    }

    /// What an operation bears with beside the others.
    pub(super) fn patience(&self, deadline: Deadline) -> Patience {
        let others: Arc<Gate> = Arc::clone(&self.gate);
        Patience::with_waiters(others, deadline)
    }

    /// Has an object flushed: now, if nobody uses the connection, else by whoever does. It waits for no other thread.
    pub(crate) fn evict(&self, transient: Transient) {
        self.freed().push(transient);
        self.run_pending();
    }

    /// Flushes what is loaded and disconnects: now, if nobody uses the connection, else as soon as nobody does.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        self.run_pending();
    }

    /// The same, but not later.
    pub(crate) fn try_close(&self) -> bool {
        self.try_turn().map(|mut turn| turn.close()).is_some()
    }

    /// Does what was left to do, unless somebody uses the connection: he does it when he has ended.
    pub(super) fn run_pending(&self) {
        while self.closing.load(Ordering::SeqCst) || !self.freed().is_empty() {
            let Some(mut turn) = self.try_turn() else { return };
            if self.closing.swap(false, Ordering::SeqCst) {
                turn.close();
            } else if turn.may_keep_freed() {
                drop(turn);
                // Nobody but us could have done it a moment ago.
                if !self.closing.load(Ordering::SeqCst) {
                    return;
                }
            } else {
                turn.use_cleanup_deadline(Deadline::within(FREE_TIME));
                turn.flush_freed();
            }
        }
    }

    /// Whether it is this process's.
    pub(crate) fn is_current(&self) -> bool {
        self.process == Process::this()
    }

    pub(super) fn process(&self) -> Process {
        self.process
    }

    /// Lets go of a connection that a parent process is using.
    pub(super) fn forget_inherited(&self, process: Process) {
        if self.process != process {
            if let Some(connection) =
                self.connection.try_lock().ok().and_then(|mut connection| connection.take())
            {
                connection.forget();
            }
        }
    }

    fn try_turn(&self) -> Option<Turn<'_>> {
        self.gate.try_enter().then(|| self.entered())
    }

    fn entered(&self) -> Turn<'_> {
        let leave = LeaveGate(&self.gate);
        Turn { generation: self, connection: self.lock(), _leave: leave }
    }

    /// The connection, which nobody else uses; a thread that panicked half-way has left one that nobody can trust.
    fn lock(&self) -> MutexGuard<'_, Option<Connection>> {
        self.connection.lock().unwrap_or_else(|poisoned| {
            let mut connection = poisoned.into_inner();
            self.close_or_forget(connection.take());
            self.connection.clear_poison();
            connection
        })
    }

    fn freed(&self) -> MutexGuard<'_, Vec<Transient>> {
        self.freed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close_or_forget(&self, connection: Option<Connection>) {
        match connection {
            Some(mut connection) if self.is_current() => {
                connection.set_patience(Patience::without_waiters(Deadline::within(CLOSE_TIME)));
                connection.flush_all();
            }
            Some(connection) => connection.forget(),
            None => {}
        }
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        let connection = self.connection.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        self.close_or_forget(connection);
    }
}

impl Turn<'_> {
    /// Where the connection is, or one may be put.
    pub(super) fn connection(&mut self) -> &mut Option<Connection> {
        &mut self.connection
    }

    /// Flushes the objects whose users are gone.
    pub(super) fn flush_freed(&mut self) {
        let freed = std::mem::take(&mut *self.generation.freed());
        let Some(connection) = self.connection.as_mut() else { return };
        freed.into_iter().for_each(|transient| connection.flush_freed_object(transient));
    }

    /// Flushes everything and disconnects. What a broken connection keeps from being flushed is not forgotten: the next use, which
    /// connects again, clears it away.
    pub(super) fn close(&mut self) {
        self.generation.freed().clear();
        self.use_cleanup_deadline(Deadline::within(CLOSE_TIME));
        let Some(connection) = self.connection.as_mut() else { return };
        connection.flush_all();
        match connection.has_leftovers() {
            true => connection.disconnect(),
            false => *self.connection = None,
        }
    }

    /// What comes now is for nobody's answer. It still gives way to others when the TPM is busy, and leaves the rest to them.
    pub(super) fn use_cleanup_deadline(&mut self, deadline: Deadline) {
        let patience = self.generation.patience(deadline.at_least(FREE_TIME));
        if let Some(connection) = self.connection.as_mut() {
            connection.set_patience(patience);
        }
    }

    /// Whether freed objects may stay until the next operation: behind the kernel's resource manager they are in nobody's way, but
    /// another program's command may be. Those that are not loaded are forgotten.
    fn may_keep_freed(&self) -> bool {
        let Some(connection) = self.connection.as_ref().filter(|connection| connection.rules.kernel) else {
            return false;
        };
        let loaded = connection.slots.transients();
        self.generation.freed().retain(|freed| loaded.contains(freed));
        true
    }
}

impl Drop for LeaveGate<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}
