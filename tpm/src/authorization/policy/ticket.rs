//! The tickets of PolicyAuthorize. They are valid until the owner hierarchy is cleared, so a process requests each only once.

use keyfile::policy::Authorize;
use keyfile::{CommandCode, Signature, Ticket};

use crate::command::object::load_external;
use crate::command::policy::policy_command;
use crate::command::signature::verify_signature;
use crate::connection::{Connection, MAX_LOADED, Transient};
use crate::error::{Error, ErrorKind};
use crate::objects::Cache;
use crate::rc::ResponseCode;

/// The slot of the key that signed a policy.
const SIGNER: Transient = Transient::Temporary(2);

impl Connection {
    /// Runs PolicyAuthorize: the session's digest must be one that the key of the statement has signed.
    pub(crate) fn policy_authorize(
        &mut self,
        authorize: &Authorize,
        approved: &[u8],
        tickets: &Cache<Ticket>,
    ) -> Result<(), Error> {
        let signer = authorize.key.name()?;
        let parts = [signer.as_bytes(), &authorize.policy_ref, approved];
        if let Some(ticket) = tickets.find(&parts) {
            match self.policy_authorize_with(authorize, approved, &ticket) {
                // The ticket is older than the last clear of the hierarchy.
                Err(error) if error.base_code() == Some(ResponseCode::VALUE) => {}
                done => return done,
            }
        }
        let ticket = self.verify_approval(authorize, approved)?;
        self.policy_authorize_with(authorize, approved, &ticket)?;
        tickets.insert(&parts, &ticket);
        Ok(())
    }

    /// Returns the ticket that proves the signature of this policy: LoadExternal, VerifySignature, FlushContext. The key of the
    /// operation may lose its slot meanwhile.
    pub(crate) fn verify_approval(
        &mut self,
        authorize: &Authorize,
        approved: &[u8],
    ) -> Result<Ticket, Error> {
        if authorize.signature == Signature::Null {
            return Err(Error::new(ErrorKind::Policy, "no policy was signed for the key yet"));
        }
        self.free_slots(MAX_LOADED - 1, &[])?;
        let name = authorize.key.name()?;
        let handle = load_external(self, &authorize.key, None)?;
        self.slots.insert(SIGNER, handle, name);
        let ticket = verify_signature(self, handle, &authorize.signed_digest(approved), &authorize.signature);
        self.evict(SIGNER)?;
        ticket
    }

    fn policy_authorize_with(
        &mut self,
        authorize: &Authorize,
        approved: &[u8],
        ticket: &Ticket,
    ) -> Result<(), Error> {
        let session = self.policy_session()?.handle;
        let parameters = authorize.parameters(approved, ticket)?;
        policy_command(self, CommandCode::POLICY_AUTHORIZE, session, &parameters)
    }
}
