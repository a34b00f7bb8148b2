//! The policy commands (TPM 2.0 Part 3 §23). None of them needs the key.

use keyfile::policy::Secret;
use keyfile::{CommandCode, Handle};

use super::frame::{Command, Entity};
use super::{Guarded, Protect, Run};
use crate::error::Error;

/// Runs a policy command whose only handle is the session.
pub(crate) fn policy_command(
    run: &mut dyn Run,
    code: CommandCode,
    session: Handle,
    parameters: &[u8],
) -> Result<(), Error> {
    let handles = &[Entity::plain(session)];
    run.bare(&Command { code, handles, parameters, makes_handle: false }).map(drop)
}

/// PolicySecret: proves the password of another entity within the connection's session. The password is not sent.
pub(crate) fn policy_secret(
    run: &mut dyn Run,
    entity: &Guarded<'_>,
    session: Handle,
    nonce: &[u8],
    secret: &Secret,
    protect: Protect,
) -> Result<(), Error> {
    let parameters = secret.parameters(nonce)?;
    let handles = &[entity.entity, Entity::plain(session)];
    let command =
        Command { code: CommandCode::POLICY_SECRET, handles, parameters: &parameters, makes_handle: false };
    run.authorized(&command, entity.auth, protect).map(drop)
}
