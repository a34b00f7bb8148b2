//! StartAuthSession (TPM 2.0 Part 3 §11.1).

use keyfile::{CommandCode, Handle};

use super::{Command, Entity};
use crate::connection::Connection;
use crate::error::Error;
use crate::session::{Session, Starting};

impl Connection {
    /// Starts a session; its salt is for `salt_key`, or there is none and the handle is NULL.
    pub(crate) fn start_session(&mut self, starting: Starting, salt_key: Handle) -> Result<Session, Error> {
        let parameters = starting.parameters()?;
        let command = Command {
            code: CommandCode::START_AUTH_SESSION,
            handles: &[Entity::plain(salt_key), Entity::plain(Handle::NULL)],
            parameters: &parameters,
            makes_handle: true,
        };
        let response = self.bare(&command)?;
        starting.started(response.handle, response.parameters)
    }
}
