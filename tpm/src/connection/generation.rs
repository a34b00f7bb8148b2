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
const FAREWELL: Duration = Duration::from_secs(10);

/// How long the one who frees a key waits for the TPM.
const FREEING: Duration = Duration::from_secs(2);

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
    place: MutexGuard<'a, Option<Connection>>,
    // After the guard: fields are dropped in order.
    _leave: Leave<'a>,
}

struct Leave<'a>(&'a Gate);

impl Generation {
    pub(super) fn new(process: Process) -> Self {
        let (gate, connection, freed, closing) = Default::default();
        Self { process, gate, connection, freed, closing }
    }

    /// Waits for the connection.
    ///
    /// # Errors
    /// Others keep it longer than the deadline allows.
    pub(super) fn turn(&self, deadline: Deadline) -> Result<Turn<'_>, Error> {
        self.gate.enter(deadline)?;
        Ok(self.entered())
    }

    /// What an operation bears with beside the others.
    pub(super) fn patience(&self, deadline: Deadline) -> Patience {
        let others: Arc<Gate> = Arc::clone(&self.gate);
        Patience::among(others, deadline)
    }

    /// Has an object flushed: now, if nobody uses the connection, else by whoever does. It waits for no other thread.
    pub(crate) fn evict(&self, transient: Transient) {
        self.freed().push(transient);
        self.tidy();
    }

    /// Flushes what is loaded and disconnects: now, if nobody uses the connection, else as soon as nobody does.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        self.tidy();
    }

    /// The same, but not later.
    pub(crate) fn try_close(&self) -> bool {
        self.try_turn().map(|mut turn| turn.close()).is_some()
    }

    /// Does what was left to do, unless somebody uses the connection: he does it when he has ended.
    pub(super) fn tidy(&self) {
        while self.closing.load(Ordering::SeqCst) || !self.freed().is_empty() {
            let Some(mut turn) = self.try_turn() else { return };
            if self.closing.swap(false, Ordering::SeqCst) {
                turn.close();
            } else if turn.keep_freed() {
                drop(turn);
                // Nobody but us could have done it a moment ago.
                if !self.closing.load(Ordering::SeqCst) {
                    return;
                }
            } else {
                turn.farewell(Deadline::within(FREEING));
                turn.flush_freed();
            }
        }
    }

    /// Whether it is this process's.
    pub(crate) fn is_here(&self) -> bool {
        self.process == Process::this()
    }

    pub(super) fn process(&self) -> Process {
        self.process
    }

    /// Lets go of a connection that a parent process is using.
    pub(super) fn vacate(&self, process: Process) {
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
        let leave = Leave(&self.gate);
        Turn { generation: self, place: self.lock(), _leave: leave }
    }

    /// The connection, which nobody else uses; a thread that panicked half-way has left one that nobody can trust.
    fn lock(&self) -> MutexGuard<'_, Option<Connection>> {
        self.connection.lock().unwrap_or_else(|poisoned| {
            let mut connection = poisoned.into_inner();
            self.leave(connection.take());
            self.connection.clear_poison();
            connection
        })
    }

    fn freed(&self) -> MutexGuard<'_, Vec<Transient>> {
        self.freed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leave(&self, connection: Option<Connection>) {
        match connection {
            Some(mut connection) if self.is_here() => {
                connection.serve(Patience::alone(Deadline::within(FAREWELL)));
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
        self.leave(connection);
    }
}

impl Turn<'_> {
    /// Where the connection is, or one may be put.
    pub(super) fn place(&mut self) -> &mut Option<Connection> {
        &mut self.place
    }

    /// Flushes the objects whose users are gone.
    pub(super) fn flush_freed(&mut self) {
        let freed = std::mem::take(&mut *self.generation.freed());
        let Some(connection) = self.place.as_mut() else { return };
        freed.into_iter().for_each(|transient| connection.release(transient));
    }

    /// Flushes everything and disconnects. What a broken connection keeps from being flushed is not forgotten: the next use, which
    /// connects again, clears it away.
    pub(super) fn close(&mut self) {
        self.generation.freed().clear();
        self.farewell(Deadline::within(FAREWELL));
        let Some(connection) = self.place.as_mut() else { return };
        connection.flush_all();
        match connection.leaves_something() {
            true => connection.disconnect(),
            false => *self.place = None,
        }
    }

    /// What comes now is for nobody's answer. It still gives way to others when the TPM is busy, and leaves the rest to them.
    pub(super) fn farewell(&mut self, deadline: Deadline) {
        let patience = self.generation.patience(deadline.leaving(FREEING));
        if let Some(connection) = self.place.as_mut() {
            connection.serve(patience);
        }
    }

    /// Whether freed objects may stay until the next operation: behind the kernel's resource manager they are in nobody's way, but
    /// another program's command may be. Those that are not loaded are forgotten.
    fn keep_freed(&self) -> bool {
        let Some(connection) = self.place.as_ref().filter(|connection| connection.rules.kernel) else {
            return false;
        };
        let loaded = connection.slots.transients();
        self.generation.freed().retain(|freed| loaded.contains(freed));
        true
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}
