//! Finds the connection of this process. After fork(), a child must neither use its parent's connection nor wait for its lock.

use std::sync::Arc;

use super::exit;
use super::generation::Generation;
use crate::process::{PerProcess, Process};

/// The connections of this process and of its ancestors.
#[derive(Default)]
pub(crate) struct Generations(PerProcess<Generation>);

impl Generations {
    /// Returns this process's generation if there is one.
    pub(crate) fn find(&self) -> Option<Arc<Generation>> {
        self.0.find()
    }

    /// Returns this process's generation; creates it if needed.
    pub(crate) fn current(&self) -> Arc<Generation> {
        self.0.current(create, Generation::forget_inherited)
    }
}

fn create(process: Process) -> Arc<Generation> {
    let generation = Arc::new(Generation::new(process));
    exit::close_at_exit(&generation);
    generation
}
