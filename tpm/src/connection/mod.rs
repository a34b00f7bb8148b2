//! One live connection: the wire, the session on it, the objects that are loaded through it.

mod cleanup;
mod exit;
mod generation;
mod retry;
mod rules;
mod run;
mod slots;

use cleanup::Debris;
pub(crate) use generation::{Seat, Seats};
pub(crate) use retry::Recovery;
use rules::Rules;
pub(crate) use slots::{Occupant, Place, Places, STANDING};

use std::collections::HashMap;

use keyfile::{Handle, Name};

use crate::command::{Command, Response, Wire, flush};
use crate::config::Config;
use crate::error::Error;
use crate::objects::Parents;
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
    /// What could not be let go of.
    left: Debris,
    /// Where the entities of policies were found that do not say it.
    pub(crate) finds: HashMap<Name, Handle>,
    pub(crate) rules: Rules,
}

impl Link {
    /// Takes a connection that was just opened.
    pub(crate) fn new(transport: Box<dyn Transport>, config: &Config) -> Self {
        let rules = Rules::new(config, &*transport);
        let (places, parents) = (Places::default(), Parents::default());
        let (wire, finds) = (Wire::new(transport), HashMap::new());
        Self { wire, session: None, policy: None, places, parents, left: Debris::default(), finds, rules }
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

    /// Begins an operation: what an earlier one could not let go of, because the connection broke, goes now.
    pub(crate) fn begin(&mut self) -> Result<(), Error> {
        self.clear()?;
        while let Some(guest) = self.places.guest() {
            self.evict(guest)?;
        }
        if self.session.as_ref().is_some_and(Session::is_distrusted) {
            self.drop_session()?;
        }
        if self.policy.as_ref().is_some_and(Session::is_distrusted) {
            self.drop_policy()?;
        }
        Ok(())
    }

    /// Ends an operation: a session that should not outlive it is flushed, if its last command has not ended it. What fails is left to
    /// the next one.
    pub(crate) fn finish(&mut self) {
        if self.session.as_ref().is_some_and(|session| self.rules.is_over(session)) {
            let _ = self.drop_session();
        }
        if self.policy.as_ref().is_some_and(|policy| self.rules.policy_is_over(policy)) {
            let _ = self.drop_policy();
        }
    }

    /// Flushes one object; one that may still be in the TPM, because the connection broke, keeps its place.
    pub(crate) fn evict(&mut self, occupant: Occupant) -> Result<(), Error> {
        if let Some(handle) = self.places.find(occupant) {
            flush(self.wire.transport(), handle)?;
            self.places.leave(occupant);
        }
        Ok(())
    }

    /// Whether nobody but us sends TPM2_Startup.
    pub(crate) fn is_simulator(&mut self) -> bool {
        self.wire.transport().is_simulator()
    }

    /// Flushes the policy session, whose statements are of no more use.
    pub(crate) fn drop_policy(&mut self) -> Result<(), Error> {
        end(&mut self.policy, self.wire.transport())
    }

    /// Flushes the session that protects.
    pub(crate) fn drop_session(&mut self) -> Result<(), Error> {
        end(&mut self.session, self.wire.transport())
    }
}

/// Flushes a session; one that may still be in the TPM, because the connection broke, is not forgotten, but nothing relies on it.
fn end(place: &mut Option<Session>, transport: &mut dyn Transport) -> Result<(), Error> {
    if let Some(session) = place.as_mut().filter(|session| !session.has_ended()) {
        flush(transport, session.handle).inspect_err(|_| session.distrust())?;
    }
    *place = None;
    Ok(())
}
