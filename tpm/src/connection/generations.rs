//! Finds the connection of this process. After fork(), a child must neither use its parent's connection nor wait for its lock.

use std::sync::{Arc, OnceLock};

use super::exit;
use super::generation::Generation;
use crate::process::Process;

/// The connections of this process and of its ancestors, oldest first. A child appends a generation. The lock of an earlier one may
/// be held forever by a thread that exists only in the parent.
#[derive(Default)]
pub(crate) struct Generations {
    first: OnceLock<Box<Node>>,
}

struct Node {
    generation: Arc<Generation>,
    next: OnceLock<Box<Node>>,
}

impl Generations {
    /// Returns this process's generation if there is one.
    pub(crate) fn find(&self) -> Option<Arc<Generation>> {
        let mut node = self.first.get()?;
        while let Some(next) = node.next.get() {
            node = next;
        }
        node.generation.is_current().then(|| Arc::clone(&node.generation))
    }

    /// Returns this process's generation; creates it if needed.
    pub(crate) fn current(&self) -> Arc<Generation> {
        let process = Process::this();
        let mut node_cell = &self.first;
        loop {
            let node = match node_cell.get() {
                Some(node) => node,
                None => {
                    // Created before the lock is taken: a child forked during the creation would wait forever for the creating
                    // thread.
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
