//! The connection of one process. One operation holds it at a time; work that must not wait is left to the holder.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::gate::Gate;
use super::{Connection, Transient};
use crate::command::Patience;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::process::Process;

/// How long closing waits for the TPM. The next operation flushes the rest.
const CLOSE_TIME: Duration = Duration::from_secs(10);

/// How long a thread that drops a key waits for the TPM.
const FREE_TIME: Duration = Duration::from_secs(2);

/// The connection of one process, open or not.
pub(crate) struct Generation {
    process: Process,
    gate: Arc<Gate>,
    connection: Mutex<Option<Box<Connection>>>,
    /// Objects that have no user any more.
    freed: Mutex<Vec<Transient>>,
    /// True if the connection is to be closed.
    closing: AtomicBool,
}

/// The right to use the connection; it ends when dropped.
pub(crate) struct Turn<'a> {
    generation: &'a Generation,
    connection: MutexGuard<'a, Option<Box<Connection>>>,
    // After the guard: fields are dropped in order of declaration.
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
    /// Other operations keep the connection longer than the deadline allows.
    #[inline(never)]
    pub(super) fn turn(&self, deadline: Deadline) -> Result<Turn<'_>, Error> {
        self.gate.enter(deadline)?;
        Ok(self.entered())
    }

    /// Returns the patience of an operation that others may wait for.
    #[inline(never)]
    pub(super) fn patience(&self, deadline: Deadline) -> Patience {
        let others: Arc<Gate> = Arc::clone(&self.gate);
        Patience::with_waiters(others, deadline)
    }

    /// Flushes an object: now if the connection is free, otherwise by its holder. Does not wait for other threads.
    pub(crate) fn evict(&self, transient: Transient) {
        self.freed().push(transient);
        self.run_pending();
    }

    /// Flushes everything and disconnects: now if the connection is free, otherwise as soon as it is.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        self.run_pending();
    }

    /// Flushes everything and disconnects if the connection is free. Returns false if it is in use.
    pub(crate) fn try_close(&self) -> bool {
        self.try_turn().map(|mut turn| turn.close()).is_some()
    }

    /// Does the pending work if the connection is free; otherwise its holder does it afterwards.
    #[inline(never)]
    pub(super) fn run_pending(&self) {
        while self.closing.load(Ordering::SeqCst) || !self.freed().is_empty() {
            let Some(mut turn) = self.try_turn() else { return };
            if self.closing.swap(false, Ordering::SeqCst) {
                turn.close();
            } else if turn.may_keep_freed() {
                drop(turn);
                // No other thread could have closed the connection while this one held the turn.
                if !self.closing.load(Ordering::SeqCst) {
                    return;
                }
            } else {
                turn.use_cleanup_deadline(Deadline::within(FREE_TIME));
                turn.flush_freed();
            }
        }
    }

    /// Returns true if the connection belongs to this process.
    pub(crate) fn is_current(&self) -> bool {
        self.process == Process::this()
    }

    /// Drops the connection of a parent process.
    pub(super) fn forget_inherited(&self) {
        if let Some(connection) = self.connection.try_lock().ok().and_then(|mut connection| connection.take())
        {
            connection.forget();
        }
    }

    fn try_turn(&self) -> Option<Turn<'_>> {
        self.gate.try_enter().then(|| self.entered())
    }

    fn entered(&self) -> Turn<'_> {
        let leave = LeaveGate(&self.gate);
        Turn { generation: self, connection: self.lock(), _leave: leave }
    }

    /// Locks the connection, which the gate makes exclusive. After a panic of its holder, the connection is closed.
    fn lock(&self) -> MutexGuard<'_, Option<Box<Connection>>> {
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

    #[inline(never)]
    fn close_or_forget(&self, connection: Option<Box<Connection>>) {
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
    /// Returns the connection, or where to put one.
    pub(super) fn connection(&mut self) -> &mut Option<Box<Connection>> {
        &mut self.connection
    }

    /// Flushes the objects that have no user any more.
    #[inline(never)]
    pub(super) fn flush_freed(&mut self) {
        let freed = std::mem::take(&mut *self.generation.freed());
        let Some(connection) = self.connection.as_mut() else { return };
        freed.into_iter().for_each(|transient| connection.flush_freed_object(transient));
    }

    /// Flushes everything and disconnects. If the connection breaks, the next use connects again and flushes the rest.
    #[inline(never)]
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

    /// Limits the time of clean-up commands, for which no caller waits. They still yield to waiting operations, which then do the
    /// rest.
    pub(super) fn use_cleanup_deadline(&mut self, deadline: Deadline) {
        let patience = self.generation.patience(deadline.at_least(FREE_TIME));
        if let Some(connection) = self.connection.as_mut() {
            connection.set_patience(patience);
        }
    }

    /// Returns true if freed objects may stay until the next operation. With the kernel's resource manager they do not disturb other
    /// processes, but commands to flush them may. Freed objects that are not loaded are forgotten.
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
