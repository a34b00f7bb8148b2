//! One live connection: the wire, the session on it, the objects that are loaded through it.

mod authorized;
mod protect;
mod release;
mod rules;

pub(crate) use protect::{Guarded, Protect};
use rules::Rules;

use crate::command::{Command, Response, Wire, flush};
use crate::config::Config;
use crate::error::Error;
use crate::parents::Parents;
use crate::places::{Occupant, Places};
use crate::session::Session;
use crate::transport::Transport;

/// One live connection.
pub(crate) struct Link {
    wire: Wire,
    pub(crate) session: Option<Session>,
    /// Authorizes where a policy does; the session above protects.
    pub(crate) policy: Option<Session>,
    pub(crate) places: Places,
    pub(crate) parents: Parents,
    pub(crate) rules: Rules,
}

impl Link {
    /// Takes a connection that was just opened.
    pub(crate) fn new(transport: Box<dyn Transport>, config: &Config) -> Self {
        let rules = Rules::new(config, &*transport);
        let (places, parents) = (Places::default(), Parents::default());
        Self { wire: Wire::new(transport), session: None, policy: None, places, parents, rules }
    }

    /// A command that needs no authorization.
    pub(crate) fn bare(&mut self, command: &Command<'_>) -> Result<Response<'_>, Error> {
        self.wire.run(command, &mut [], &mut self.places)
    }

    /// The line itself, for a command past the executor.
    pub(crate) fn transport(&mut self) -> &mut dyn Transport {
        self.wire.transport()
    }

    /// Wipes the last answer, which held a secret.
    pub(crate) fn wipe(&mut self) {
        self.wire.wipe();
    }

    /// Whether a session is there to protect the next command.
    pub(crate) fn has_session(&self) -> bool {
        self.session.as_ref().is_some_and(|session| !session.has_ended())
    }

    /// Ends an operation: a session that should not outlive it is flushed, if its last command has not ended it.
    pub(crate) fn finish(&mut self) {
        if self.session.as_ref().is_some_and(|session| self.rules.is_over(session)) {
            self.drop_session();
        }
        if self.policy.as_ref().is_some_and(|policy| self.rules.policy_is_over(policy)) {
            self.drop_policy();
        }
    }

    /// Flushes one object.
    pub(crate) fn evict(&mut self, occupant: Occupant) -> Result<(), Error> {
        if let Some(handle) = self.places.leave(occupant) {
            flush(self.wire.transport(), handle)?;
        }
        Ok(())
    }

    /// Whether nobody but us sends TPM2_Startup.
    pub(crate) fn is_simulator(&mut self) -> bool {
        self.wire.transport().is_simulator()
    }

    /// Flushes the policy session, whose statements are of no more use.
    pub(crate) fn drop_policy(&mut self) {
        if let Some(policy) = self.policy.take().filter(|policy| !policy.has_ended()) {
            let _ = flush(self.wire.transport(), policy.handle);
        }
    }

    fn drop_session(&mut self) {
        if let Some(session) = self.session.take().filter(|session| !session.has_ended()) {
            let _ = flush(self.wire.transport(), session.handle);
        }
    }
}
