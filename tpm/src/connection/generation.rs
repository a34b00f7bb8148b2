//! Which connection is this process's: after fork() a child must not touch its parent's, nor wait for its lock.

use std::process;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::{Connection, Transient, exit};

/// The connections of this process and of those it was forked from, oldest first. A child that finds itself in a new process
/// appends a generation; the lock of an earlier one may be held for ever by a thread that exists in the parent only.
#[derive(Default)]
pub(crate) struct Generations {
    first: OnceLock<Box<Node>>,
}

struct Node {
    generation: Arc<Generation>,
    next: OnceLock<Box<Node>>,
}

/// The place of a connection, in one process.
pub(crate) struct Generation {
    process: u32,
    connection: Mutex<Option<Connection>>,
}

impl Generations {
    /// This process's generation, if it has one already.
    pub(crate) fn find(&self) -> Option<Arc<Generation>> {
        let mut node = self.first.get()?;
        while let Some(next) = node.next.get() {
            node = next;
        }
        node.generation.is_here().then(|| Arc::clone(&node.generation))
    }

    /// This process's generation.
    pub(crate) fn here(&self) -> Arc<Generation> {
        let process = process::id();
        let mut place = &self.first;
        loop {
            let node = place.get_or_init(|| Box::new(Node::new(process)));
            if node.next.get().is_none() && node.generation.process == process {
                return Arc::clone(&node.generation);
            }
            node.generation.vacate(process);
            place = &node.next;
        }
    }
}

impl Node {
    fn new(process: u32) -> Self {
        let generation = Arc::new(Generation { process, connection: Mutex::default() });
        exit::remember(&generation);
        Self { generation, next: OnceLock::new() }
    }
}

impl Generation {
    /// The connection, or the place for one; a thread that panicked half-way has left one that nobody can trust.
    pub(crate) fn connection(&self) -> MutexGuard<'_, Option<Connection>> {
        self.connection.lock().unwrap_or_else(|poisoned| self.recover(poisoned))
    }

    /// Flushes one object, if there is a connection and it is loaded.
    pub(crate) fn evict(&self, transient: Transient) {
        if let Some(connection) = self.connection().as_mut() {
            connection.release(transient);
        }
    }

    /// Flushes what is loaded and disconnects, if nobody is using the connection just now.
    pub(crate) fn try_close(&self) -> bool {
        match self.connection.try_lock() {
            Ok(mut connection) => {
                self.close(&mut connection);
                true
            }
            Err(_) => false,
        }
    }

    /// Whether it is this process's.
    pub(crate) fn is_here(&self) -> bool {
        self.process == process::id()
    }

    fn recover<'a>(
        &'a self,
        poisoned: PoisonError<MutexGuard<'a, Option<Connection>>>,
    ) -> MutexGuard<'a, Option<Connection>> {
        let mut connection = poisoned.into_inner();
        self.close(&mut connection);
        self.connection.clear_poison();
        connection
    }

    /// Lets go of a connection that a parent process is using.
    fn vacate(&self, process: u32) {
        if self.process != process {
            if let Some(connection) =
                self.connection.try_lock().ok().and_then(|mut connection| connection.take())
            {
                connection.forget();
            }
        }
    }

    fn close(&self, connection: &mut Option<Connection>) {
        match connection.take() {
            Some(mut connection) if self.is_here() => connection.flush_all(),
            Some(connection) => connection.forget(),
            None => {}
        }
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        let mut connection = self.connection.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        self.close(&mut connection);
    }
}
