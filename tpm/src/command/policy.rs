//! The policy commands, LoadExternal and VerifySignature (TPM 2.0 Part 3 §23, §12.3, §20.1). None of them needs the key.

use keyfile::policy::{Authorize, Secret};
use keyfile::wire::{Marshal, Unmarshal, Writer};
use keyfile::{CommandCode, Handle, Ticket};

use super::{Command, Entity};
use crate::command::{Guarded, Protect};
use crate::connection::Connection;
use crate::connection::Transient;
use crate::error::Error;

/// The part that the key of a signed policy has in an operation.
const SIGNER: Transient = Transient::Temporary(2);

impl Connection {
    /// Any policy command whose only handle is the session.
    pub(crate) fn policy_command(
        &mut self,
        code: CommandCode,
        session: Handle,
        parameters: &[u8],
    ) -> Result<(), Error> {
        let handles = &[Entity::plain(session)];
        self.bare(&Command { code, handles, parameters, makes_handle: false }).map(drop)
    }

    /// PolicySecret: the password of another entity is proven within the connection's session, and never sent.
    pub(crate) fn policy_secret(
        &mut self,
        entity: &Guarded<'_>,
        session: Handle,
        nonce: &[u8],
        secret: &Secret,
    ) -> Result<(), Error> {
        let parameters = secret.parameters(nonce)?;
        let handles = &[entity.entity, Entity::plain(session)];
        let command = Command {
            code: CommandCode::POLICY_SECRET,
            handles,
            parameters: &parameters,
            makes_handle: false,
        };
        self.authorized(&command, entity.auth, Protect::SESSION).map(drop)
    }

    /// LoadExternal, VerifySignature, FlushContext: the proof that the policy's key signed what leads to `approved`. A ticket of the
    /// null hierarchy would be empty, and PolicyAuthorize would refuse it.
    pub(crate) fn approval(&mut self, authorize: &Authorize, approved: &[u8]) -> Result<Ticket, Error> {
        let name = authorize.key.name()?;
        let mut w = Writer::new();
        w.sized(&[]);
        w.sized_with(|w| authorize.key.marshal(w));
        Handle::OWNER.marshal(&mut w);
        let parameters = w.finish()?;
        let command = Command {
            code: CommandCode::LOAD_EXTERNAL,
            handles: &[],
            parameters: &parameters,
            makes_handle: true,
        };
        let handle = self.bare(&command)?.handle;
        self.slots.insert(SIGNER, handle, name);
        let ticket = self.verify(handle, authorize, approved);
        self.evict(SIGNER)?;
        ticket
    }

    fn verify(&mut self, key: Handle, authorize: &Authorize, approved: &[u8]) -> Result<Ticket, Error> {
        let mut w = Writer::new();
        w.sized(&authorize.signed_digest(approved));
        authorize.signature.marshal(&mut w);
        let parameters = w.finish()?;
        let handles = &[Entity::plain(key)];
        let command = Command {
            code: CommandCode::VERIFY_SIGNATURE,
            handles,
            parameters: &parameters,
            makes_handle: false,
        };
        Ok(Ticket::from_octets(self.bare(&command)?.parameters)?)
    }
}
