//! The last try before a dictionary-attack lockout: a password that may be wrong is not to take it.

use crate::auth::Auth;
use crate::command::lockout::lockout;
use crate::connection::Connection;
use crate::error::{Error, ErrorKind};

impl Connection {
    /// Before a stored password is used that counts when it is wrong, or the empty one because none was given. It would be wrong at
    /// each start of the program, so it is not to lock everybody out.
    pub(crate) fn guard_last_try(&mut self, auth: Option<&Auth>) -> Result<(), Error> {
        if self.rules.last_try {
            return Ok(());
        }
        self.open_if_pinned()?;
        let lockout = lockout(self)?;
        if lockout.failures.saturating_add(1) < lockout.max_failures {
            return Ok(());
        }
        let (text, first) = match auth {
            Some(_) => (
                "the password from a file or a setting is not tried, because a wrong one would lock the TPM",
                "",
            ),
            None => (
                "no password was given, and the empty one is not tried, because a wrong one would lock the TPM",
                "give the password; ",
            ),
        };
        let advice = format!("{first}{lockout}; or set last-try = allow");
        Err(Error::new(ErrorKind::Lockout, text).advise(advice))
    }
}
