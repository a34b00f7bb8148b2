//! A key file: one that is there is read whole, and refused when it is none; a new one says what its use takes.

use std::path::Path;

use keyfile::KeyFile;

use crate::error::Error;
use crate::input;
use crate::policy::Policy;

/// Reads `path`.
///
/// # Errors
/// It cannot be read, or is no key file, or a damaged one.
pub(crate) fn read(path: &Path) -> Result<KeyFile, Error> {
    let bytes = input::read(path, "name a key file")?;
    KeyFile::parse(&bytes).map_err(|source| Error::KeyFile { path: path.to_owned(), source })
}

/// A new file, with its policy, and whether anybody has to be asked for a password: its own, or the one that the policy wants.
pub(crate) fn authorized(mut file: KeyFile, has_password: bool, policy: Option<Policy>) -> KeyFile {
    file.empty_auth = !has_password && !policy.as_ref().is_some_and(|policy| policy.password);
    file.policy = policy.map(|policy| policy.statements);
    file
}
