//! Protects the last try before a dictionary-attack lockout from unproven passwords.

use crate::command::lockout::lockout;
use crate::connection::Connection;
use crate::error::{Error, ErrorKind};

impl Connection {
    /// Refuses a value that counts when it is wrong and is not proven, if one more failure would lock the TPM. It does not matter
    /// where the value came from.
    pub(super) fn guard_last_try(&mut self, is_empty: bool) -> Result<(), Error> {
        if self.rules.allow_last_try {
            return Ok(());
        }
        self.open_if_pinned()?;
        let lockout = lockout(self)?;
        if lockout.failures.saturating_add(1) < lockout.max_failures {
            return Ok(());
        }
        let (text, first) = match is_empty {
            false => ("the password is not tried, because a wrong one would lock the TPM", ""),
            true => (
                "no password was given, and the empty one is not tried, because a wrong one would lock the TPM",
                "give the password; ",
            ),
        };
        // A locked TPM refuses every try, and the empty password is hardly the right one.
        let allow = if lockout.is_locked() || is_empty { "" } else { "; or set last-try = allow" };
        let advice = format!("{first}{lockout}{allow}");
        Err(Error::new(ErrorKind::Lockout, text).advise(advice))
    }
}
