//! Whether the password of a key may be wrong, and what harm that would do.

use std::sync::atomic::Ordering;

use keyfile::policy::Secret;
use keyfile::{Attributes, Handle, Public};

use super::{Inner, Origin};
use crate::auth::Auth;
use crate::authorization::policy::Way;
use crate::connection::Connection;
use crate::error::Error;

impl Inner {
    /// Before a use of a password that may be wrong.
    pub(super) fn guard_last_try(&self, connection: &mut Connection) -> Result<(), Error> {
        if self.doubtful.load(Ordering::Acquire) {
            connection.guard_last_try(self.password.as_ref()).map_err(|error| error.on(self))?;
        }
        Ok(())
    }
}

impl Origin {
    /// Whether the password may be wrong. A file says whether its key has one; of a handle nobody knows, nor of the entity in a
    /// PolicySecret, which gets the empty one when the file says that no password is needed.
    pub(super) fn is_doubtful(&self, auth: Option<&Auth>) -> bool {
        match self {
            Self::File { file, .. } => match auth {
                Some(auth) => auth.is_stored(),
                None => {
                    let by_secret = |way: Way<'_>| way.secrets().next().is_some();
                    file.empty_auth && file.uses_policy() && Way::all(file).any(by_secret)
                }
            },
            Self::Persistent { .. } => Auth::is_doubtful(auth),
        }
    }

    /// Whether a wrong password brings a lockout nearer: the key's, or that of the entity in a PolicySecret.
    pub(super) fn counts_wrong_passwords(&self, public: &Public) -> bool {
        let protected = !public.attributes.contains(Attributes::NO_DA);
        match self {
            Self::File { file, .. } if file.uses_policy() => Way::all(file).any(|way| {
                let lenient = |secret: &Secret| secret.entity().is_some_and(Handle::is_hierarchy);
                way.asks_for_auth_value() && protected || way.secrets().any(|secret| !lenient(secret))
            }),
            _ => protected,
        }
    }
}
