//! Which connection is this process's: after fork() a child must not touch its parent's, nor wait for its lock.

use std::sync::{Arc, OnceLock};

use super::exit;
use super::generation::Generation;
use crate::process::Process;

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

impl Generations {
    /// This process's generation, if it has one already.
    pub(crate) fn find(&self) -> Option<Arc<Generation>> {
        let mut node = self.first.get()?;
        while let Some(next) = node.next.get() {
            node = next;
        }
        node.generation.is_current().then(|| Arc::clone(&node.generation))
    }

    /// This process's generation.
    pub(crate) fn current(&self) -> Arc<Generation> {
        let process = Process::this();
        let mut node_cell = &self.first;
        loop {
            let node = match node_cell.get() {
                Some(node) => node,
                None => {
                    // Made first: a child that is forked just now would wait endlessly for the thread that makes it.
                    let made = Box::new(Node::new(process));
                    node_cell.get_or_init(|| made)
                }
            };
            if node.next.get().is_none() && node.generation.process() == process {
                return Arc::clone(&node.generation);
            }
            node.generation.forget_inherited(process);
            node_cell = &node.next;
        }
    }
}

impl Node {
    fn new(process: Process) -> Self {
        let generation = Arc::new(Generation::new(process));
        exit::close_at_exit(&generation);
        Self { generation, next: OnceLock::new() }
    }
}
