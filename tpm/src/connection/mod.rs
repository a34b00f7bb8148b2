//! One live connection: what carries its commands, its sessions, the objects that are loaded through it.
//!
//! ```text
//!             connect             a failure
//!    absent ----------> live ----------------> doubtful
//!      ^                ^  ^                    |    |
//!      |                |  +--------------------+    | disconnect
//!      |                |    release_ours            v
//!      |                |    start_again            lost
//!      |                |    flush_all               |
//!      |                +----------------------------+
//!      |                     connect, clear_away
//!      +---- live, lost: close; in a forked child: forget
//! ```
//!
//! `retry` decides on the arrows that leave *doubtful*, by the answer alone. Handles are forgotten in `close` and `cleanup` only; a lost
//! connection that may have left something in the TPM stays lost until the next use.
//!
//! | file | what |
//! |---|---|
//! | `access` | one operation alone on the connection, begun again where that helps |
//! | `operation` | the begin and the end of one |
//! | `retry` | what a failure says about the connection |
//! | `generation`, `exit` | whose connection it is after fork, and its end with the process |
//! | `run`, `rules` | which sessions protect a command, and how long they live |
//! | `slots`, `known` | what is loaded, and what is known of parents |
//! | `close`, `cleanup` | letting go, and what could not be let go of |

mod access;
mod cleanup;
mod close;
mod exit;
mod gate;
mod generation;
mod generations;
mod known;
mod operation;
mod retry;
mod rules;
mod run;
mod slots;

pub(crate) use access::Access;
use cleanup::Cleanup;
pub(crate) use known::{KnownParent, KnownParents};
use rules::Rules;
pub(crate) use rules::place;
pub(crate) use slots::{MAX_LOADED, Slot, Slots, Transient};

use std::collections::HashMap;
use std::time::Instant;

use keyfile::{Handle, Name};

use crate::command::context::flush;
use crate::command::{Executor, Patience};
use crate::config::Config;
use crate::error::Error;
use crate::session::Session;
use crate::transport::Transport;

/// One live connection.
pub(crate) struct Connection {
    executor: Executor,
    pub(crate) session: Option<Session>,
    /// Authorizes where a policy does; the session above protects.
    pub(crate) policy: Option<Session>,
    pub(crate) slots: Slots,
    pub(crate) parents: KnownParents,
    /// What could not be let go of.
    cleanup: Cleanup,
    /// Where the entities of policies were found that do not say it.
    pub(crate) entities: HashMap<Name, Handle>,
    /// When the TPM's clock was read to see whether it was reset.
    pub(crate) looked: Option<Instant>,
    pub(crate) rules: Rules,
}

impl Connection {
    /// Takes a connection that was just opened.
    pub(crate) fn new(transport: Box<dyn Transport>, config: &Config) -> Self {
        let rules = Rules::new(config, &*transport);
        let (slots, parents) = (Slots::default(), KnownParents::default());
        let (executor, entities) = (Executor::new(transport), HashMap::new());
        Self {
            executor,
            session: None,
            policy: None,
            slots,
            parents,
            cleanup: Cleanup::default(),
            entities,
            looked: None,
            rules,
        }
    }

    /// From here on commands have this patience.
    pub(crate) fn serve(&mut self, mut patience: Patience) {
        self.exchange_patience(&mut patience);
    }

    /// The same, and the patience before is in its place.
    pub(crate) fn exchange_patience(&mut self, patience: &mut Patience) {
        self.executor.exchange_patience(patience);
    }

    /// Whether a session is there to protect the next command.
    pub(crate) fn has_session(&self) -> bool {
        self.session.as_ref().is_some_and(|session| !session.has_ended())
    }

    /// Flushes one object; one that may still be in the TPM, because the connection broke, keeps its slot.
    pub(crate) fn evict(&mut self, transient: Transient) -> Result<(), Error> {
        if let Some(handle) = self.slots.find(transient) {
            flush(self.executor.transport(), handle)?;
            self.slots.remove(transient);
        }
        Ok(())
    }

    /// Whether nobody but us sends TPM2_Startup.
    pub(crate) fn is_simulator(&mut self) -> bool {
        self.executor.transport().is_simulator()
    }

    /// Flushes the policy session, whose statements are of no more use.
    pub(crate) fn drop_policy(&mut self) -> Result<(), Error> {
        end(&mut self.policy, self.executor.transport())
    }

    /// Flushes the session that protects.
    pub(crate) fn drop_session(&mut self) -> Result<(), Error> {
        end(&mut self.session, self.executor.transport())
    }
}

/// Flushes a session; one that may still be in the TPM, because the connection broke, is not forgotten, but nothing relies on it.
fn end(slot: &mut Option<Session>, transport: &mut dyn Transport) -> Result<(), Error> {
    if let Some(session) = slot.as_mut().filter(|session| !session.has_ended()) {
        flush(transport, session.handle).inspect_err(|_| session.distrust())?;
    }
    *slot = None;
    Ok(())
}
