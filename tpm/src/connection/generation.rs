//! Which connection is this process's: after fork() a child must not touch its parent's, nor wait for its lock.

use std::process;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::connection::Link;
use crate::connection::Occupant;
use crate::connection::exit;

/// The connections of this process and of those it was forked from, oldest first. A child that finds itself in a new process
/// appends a seat; the lock of an earlier one may be held for ever by a thread that exists in the parent only.
#[derive(Default)]
pub(crate) struct Seats {
    first: OnceLock<Box<Node>>,
}

struct Node {
    seat: Arc<Seat>,
    next: OnceLock<Box<Node>>,
}

/// The place of a connection, in one process.
pub(crate) struct Seat {
    process: u32,
    link: Mutex<Option<Link>>,
}

impl Seats {
    /// This process's seat, if it has one already.
    pub(crate) fn find(&self) -> Option<Arc<Seat>> {
        let mut node = self.first.get()?;
        while let Some(next) = node.next.get() {
            node = next;
        }
        node.seat.is_here().then(|| Arc::clone(&node.seat))
    }

    /// This process's seat.
    pub(crate) fn here(&self) -> Arc<Seat> {
        let process = process::id();
        let mut place = &self.first;
        loop {
            let node = place.get_or_init(|| Box::new(Node::new(process)));
            if node.next.get().is_none() && node.seat.process == process {
                return Arc::clone(&node.seat);
            }
            node.seat.vacate(process);
            place = &node.next;
        }
    }
}

impl Node {
    fn new(process: u32) -> Self {
        let seat = Arc::new(Seat { process, link: Mutex::default() });
        exit::remember(&seat);
        Self { seat, next: OnceLock::new() }
    }
}

impl Seat {
    /// The connection, or the place for one; a thread that panicked half-way has left one that nobody can trust.
    pub(crate) fn link(&self) -> MutexGuard<'_, Option<Link>> {
        self.link.lock().unwrap_or_else(|poisoned| self.recover(poisoned))
    }

    /// Flushes one object, if there is a connection and it is loaded.
    pub(crate) fn evict(&self, occupant: Occupant) {
        if let Some(link) = self.link().as_mut() {
            link.release(occupant);
        }
    }

    /// Flushes what is loaded and disconnects, if nobody is using the connection just now.
    pub(crate) fn try_close(&self) -> bool {
        match self.link.try_lock() {
            Ok(mut link) => {
                self.close(&mut link);
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
        poisoned: PoisonError<MutexGuard<'a, Option<Link>>>,
    ) -> MutexGuard<'a, Option<Link>> {
        let mut link = poisoned.into_inner();
        self.close(&mut link);
        self.link.clear_poison();
        link
    }

    /// Lets go of a connection that a parent process is using.
    fn vacate(&self, process: u32) {
        if self.process != process {
            if let Some(link) = self.link.try_lock().ok().and_then(|mut link| link.take()) {
                link.forget();
            }
        }
    }

    fn close(&self, link: &mut Option<Link>) {
        match link.take() {
            Some(mut link) if self.is_here() => link.flush_all(),
            Some(link) => link.forget(),
            None => {}
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut link = self.link.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        self.close(&mut link);
    }
}
