//! StartAuthSession (TPM 2.0 Part 3 §11.1).

use keyfile::{CommandCode, Handle};

use super::Run;
use super::frame::{Command, Entity, Response};
use crate::error::Error;

/// StartAuthSession: starts a session. The salt in `parameters` is encrypted to `salt_key`; without a salt the handle is NULL.
pub(crate) fn start_auth_session<'a>(
    run: &'a mut dyn Run,
    salt_key: Handle,
    parameters: &[u8],
) -> Result<Response<'a>, Error> {
    run.bare(&Command {
        code: CommandCode::START_AUTH_SESSION,
        handles: &[Entity::plain(salt_key), Entity::plain(Handle::NULL)],
        parameters,
        makes_handle: true,
    })
}
