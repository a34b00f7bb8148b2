//! The tickets of PolicyAuthorize. They stay good until the owner hierarchy is cleared, so a key asks for each only once.

use std::sync::{Mutex, MutexGuard, PoisonError};

use keyfile::policy::Authorize;
use keyfile::{CommandCode, Signature, Ticket};

use crate::error::{Error, ErrorKind};
use crate::link::Link;
use crate::places::STANDING;
use crate::rc::ResponseCode;

/// The tickets that a key has, by the policies that they approve.
#[derive(Default)]
pub(crate) struct Tickets(Mutex<Vec<(Vec<u8>, Ticket)>>);

impl Tickets {
    fn find(&self, approved: &[u8]) -> Option<Ticket> {
        self.lock().iter().find(|(policy, _)| policy == approved).map(|(_, ticket)| ticket.clone())
    }

    fn keep(&self, approved: &[u8], ticket: &Ticket) {
        let mut tickets = self.lock();
        tickets.retain(|(policy, _)| policy != approved);
        tickets.push((approved.to_vec(), ticket.clone()));
    }

    /// Never held while a command runs.
    fn lock(&self) -> MutexGuard<'_, Vec<(Vec<u8>, Ticket)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Link {
    /// PolicyAuthorize: what the session has come to is what the key of the statement signed.
    pub(crate) fn policy_authorize(
        &mut self,
        authorize: &Authorize,
        approved: &[u8],
        tickets: &Tickets,
    ) -> Result<(), Error> {
        if let Some(ticket) = tickets.find(approved) {
            match self.policy_authorize_by(authorize, approved, &ticket) {
                // Made before the hierarchy was cleared.
                Err(error) if error.code().map(ResponseCode::base) == Some(ResponseCode::VALUE) => {}
                done => return done,
            }
        }
        let ticket = self.approve(authorize, approved)?;
        self.policy_authorize_by(authorize, approved, &ticket)?;
        tickets.keep(approved, &ticket);
        Ok(())
    }

    /// The ticket that says that this policy was signed. The key that is to be used may lose its place meanwhile.
    pub(crate) fn approve(&mut self, authorize: &Authorize, approved: &[u8]) -> Result<Ticket, Error> {
        if authorize.signature == Signature::Null {
            return Err(Error::new(ErrorKind::Policy, "no policy was signed for the key yet"));
        }
        self.make_room(STANDING - 1, &[])?;
        self.approval(authorize, approved)
    }

    fn policy_authorize_by(
        &mut self,
        authorize: &Authorize,
        approved: &[u8],
        ticket: &Ticket,
    ) -> Result<(), Error> {
        let session = self.policy_session()?.handle;
        let parameters = authorize.parameters(approved, ticket)?;
        self.policy_command(CommandCode::POLICY_AUTHORIZE, session, &parameters)
    }
}
