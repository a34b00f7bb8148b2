//! EvictControl (TPM 2.0 Part 3 §28.5).

use keyfile::{CommandCode, Handle};

use super::{Command, Entity};
use crate::command::{Guarded, Protect};
use crate::connection::Connection;
use crate::error::Error;

impl Connection {
    /// EvictControl: a copy of a loaded object, at a handle that outlives power.
    pub(crate) fn evict_control(
        &mut self,
        hierarchy: &Guarded<'_>,
        object: Entity<'_>,
        at: Handle,
        protect: Protect,
    ) -> Result<(), Error> {
        let command = Command {
            code: CommandCode::EVICT_CONTROL,
            handles: &[hierarchy.entity, object],
            parameters: &at.0.to_be_bytes(),
            makes_handle: false,
        };
        self.authorized(&command, hierarchy.auth, protect).map(drop)
    }
}
