//! One live connection: its transport, its sessions, and the objects that are loaded through it.
//!
//! ```text
//!             connect             a failure
//!    absent ----------> live ----------------> doubtful
//!      ^                ^  ^                    |    |
//!      |                |  +--------------------+    | disconnect
//!      |                |    flush_own_objects       v
//!      |                |    startup_again          lost
//!      |                |    flush_all               |
//!      |                +----------------------------+
//!      |                     connect, flush_after_reconnect
//!      +---- live, lost: close; in a forked child: forget
//! ```
//!
//! `retry` chooses the arrow that leaves *doubtful*, from the answer alone. Only `close` and `cleanup` forget handles. A lost connection
//! that may have left something in the TPM stays lost until the next use.
//!
//! | file | what |
//! |---|---|
//! | `access` | one operation at a time on the connection, repeated if that helps |
//! | `operation` | the beginning and the end of an operation |
//! | `retry` | what an error shows about the connection |
//! | `gate` | the queue for the connection |
//! | `generation` | the connection of one process, and the work left to its holder |
//! | `generations`, `exit` | the owner of a connection after fork, and closing at exit |
//! | `run`, `rules` | the sessions of a command, and their lifetimes |
//! | `slots`, `known`, `copies` | the loaded objects, the known parents, and their persistent copies |
//! | `close`, `cleanup` | flushes objects, and keeps those that could not be flushed |
//! | `handle_recorder`, `lost`, `search` | records new handles, those lost with an answer, and the search for them |

mod access;
mod cleanup;
mod close;
mod copies;
mod exit;
mod gate;
mod generation;
mod generations;
mod handle_recorder;
mod known;
mod lost;
mod operation;
mod retry;
mod rules;
mod run;
mod search;
mod slots;

pub(crate) use access::Access;
use cleanup::Cleanup;
pub(crate) use copies::Copies;
pub use exit::is_exiting;
pub(crate) use known::{KnownParent, KnownParents};
use lost::Lost;
use rules::Rules;
pub(crate) use slots::{MAX_LOADED, Slot, Slots, Transient};

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use keyfile::{Handle, Name};

use crate::command::context::{Flushed, flush};
use crate::command::{Executor, Patience};
use crate::config::Config;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind};
use crate::session::Session;
use crate::transport::Opener;

/// One live connection.
pub(crate) struct Connection {
    /// Opens the connection again.
    opener: Arc<Opener>,
    executor: Executor,
    pub(crate) session: Option<Session>,
    /// The policy session, which authorizes; the session above protects.
    pub(crate) policy: Option<Session>,
    pub(crate) slots: Slots,
    pub(crate) parents: KnownParents,
    /// What could not be flushed.
    cleanup: Cleanup,
    /// True if something was lost that only closing the connection removes.
    must_reconnect: bool,
    /// The handles at which entities of policies without handles were found.
    pub(crate) entities: HashMap<Name, Handle>,
    /// When the TPM's clock was last read to detect a reset.
    pub(crate) clock_read: Option<Instant>,
    pub(crate) rules: Rules,
}

impl Connection {
    /// Opens a connection.
    pub(crate) fn open(
        opener: &Arc<Opener>,
        config: &Config,
        tpm_id: &Arc<str>,
        copies: &Arc<Copies>,
        deadline: Deadline,
    ) -> Result<Self, Error> {
        let transport = opener(deadline)?;
        let rules = Rules::new(config, &*transport, Arc::clone(tpm_id), Arc::clone(copies));
        let (slots, parents) = (Slots::default(), KnownParents::default());
        let (executor, entities) = (Executor::new(transport), HashMap::new());
        Ok(Self {
            opener: Arc::clone(opener),
            executor,
            session: None,
            policy: None,
            slots,
            parents,
            cleanup: Cleanup::default(),
            must_reconnect: false,
            entities,
            clock_read: None,
            rules,
        })
    }

    /// Returns the rest of the operation's time; None if it is unlimited.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        self.executor.deadline().left()
    }

    /// Sets the patience of the following commands.
    pub(crate) fn set_patience(&mut self, mut patience: Patience) {
        self.swap_patience(&mut patience);
    }

    /// Swaps the patience of the following commands with `patience`.
    pub(crate) fn swap_patience(&mut self, patience: &mut Patience) {
        self.executor.swap_patience(patience);
    }

    /// Returns true if a session can protect the next command.
    pub(crate) fn has_session(&self) -> bool {
        self.session.as_ref().is_some_and(|session| !session.has_ended())
    }

    /// Flushes one object. If the connection breaks, it keeps its slot; if the TPM refuses, it is left to the clean-up, and so is what seems to be absent
    /// in a TPM that other processes use, too.
    pub(crate) fn evict(&mut self, transient: Transient) -> Result<(), Error> {
        let Some(handle) = self.slots.find(transient) else { return Ok(()) };
        let flushed = io_error_only(self.flush_context(handle))?;
        let Some(slot) = self.slots.remove(transient) else { return Ok(()) };
        match flushed {
            Some(Flushed::Done) => {}
            Some(Flushed::Absent) if !self.rules.shared => self.cleanup.add_lost(slot),
            _ => self.cleanup.slots.push(slot),
        }
        Ok(())
    }

    /// Runs FlushContext.
    fn flush_context(&mut self, handle: Handle) -> Result<Flushed, Error> {
        let flushed = flush(&mut self.executor, handle)?;
        if flushed == Flushed::Done {
            self.cleanup.take_made(handle);
        }
        Ok(flushed)
    }

    /// Returns true if only this crate sends TPM2_Startup.
    pub(crate) fn is_simulator(&mut self) -> bool {
        self.executor.transport().is_simulator()
    }

    /// Ends both sessions with this operation, as after a failure.
    pub(crate) fn distrust(&mut self) {
        self.session.iter_mut().chain(&mut self.policy).for_each(Session::distrust);
    }

    /// Flushes the policy session.
    pub(crate) fn drop_policy(&mut self) -> Result<(), Error> {
        let Self { executor, policy, cleanup, rules, .. } = self;
        let kept = flush_session(executor, policy, cleanup, rules.shared)?;
        cleanup.policies.extend(kept);
        Ok(())
    }

    /// Flushes the session that protects.
    pub(crate) fn drop_session(&mut self) -> Result<(), Error> {
        let Self { executor, session, cleanup, rules, .. } = self;
        let kept = flush_session(executor, session, cleanup, rules.shared)?;
        cleanup.sessions.extend(kept);
        Ok(())
    }
}

/// Flushes a session, and returns it if the TPM refuses, or if it seems to be absent in a TPM that other processes use, too. If the
/// connection breaks, the session is kept but not trusted any more.
fn flush_session(
    executor: &mut Executor,
    held: &mut Option<Session>,
    cleanup: &mut Cleanup,
    shared: bool,
) -> Result<Option<Session>, Error> {
    let Some(session) = held.as_mut().filter(|session| !session.has_ended()) else {
        *held = None;
        return Ok(None);
    };
    match io_error_only(flush(executor, session.handle)).inspect_err(|_| session.distrust())? {
        Some(Flushed::Done) => *held = None,
        Some(Flushed::Absent) if !shared => {
            *held = None;
            cleanup.lost.push(Lost::Session);
        }
        _ => {}
    }
    Ok(held.take())
}

/// Returns an error if the connection broke. After any other error of FlushContext the state of the object is unknown: None.
fn io_error_only(flushed: Result<Flushed, Error>) -> Result<Option<Flushed>, Error> {
    match flushed {
        Ok(flushed) => Ok(Some(flushed)),
        Err(error) if error.kind() == ErrorKind::Io => Err(error),
        Err(_) => Ok(None),
    }
}
