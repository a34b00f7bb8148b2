//! The identity of this process, and values of which each process has its own. After fork(2) a child differs from its parent, even if
//! both have the same number.

use std::process;
use std::sync::{Arc, OnceLock};

use crate::ffi;

/// A process. In a new PID namespace a child may have its parent's number, so forks are counted as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    pub(crate) id: u32,
    forks: u32,
}

impl Process {
    /// Returns the current process.
    #[must_use]
    pub fn this() -> Self {
        Self { id: process::id(), forks: ffi::forks() }
    }
}

/// The values of this process and of its ancestors, oldest first. A child appends its own. A lock in an earlier value may be held
/// forever by a thread that exists only in the parent.
pub struct PerProcess<T> {
    first: OnceLock<Box<Node<T>>>,
}

struct Node<T> {
    process: Process,
    value: Arc<T>,
    next: OnceLock<Box<Node<T>>>,
}

impl<T> PerProcess<T> {
    /// Returns the value of this process if there is one.
    #[must_use]
    pub fn find(&self) -> Option<Arc<T>> {
        let mut node = self.first.get()?;
        while let Some(next) = node.next.get() {
            node = next;
        }
        (node.process == Process::this()).then(|| Arc::clone(&node.value))
    }

    /// Returns the value of this process; makes it if needed. `inherited` receives the values of the ancestors.
    pub fn current(&self, make: impl Fn(Process) -> Arc<T>, inherited: impl Fn(&T)) -> Arc<T> {
        let process = Process::this();
        let mut cell = &self.first;
        loop {
            let node = match cell.get() {
                Some(node) => node,
                None => {
                    // Made before the cell is locked: a child forked meanwhile would wait forever for the thread that makes it.
                    let made = Box::new(Node { process, value: make(process), next: OnceLock::new() });
                    cell.get_or_init(|| made)
                }
            };
            if node.next.get().is_none() && node.process == process {
                return Arc::clone(&node.value);
            }
            if node.process != process {
                inherited(&node.value);
            }
            cell = &node.next;
        }
    }
}

impl<T> Default for PerProcess<T> {
    fn default() -> Self {
        Self { first: OnceLock::new() }
    }
}
