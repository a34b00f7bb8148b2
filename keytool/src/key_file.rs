//! Reads a key file, and completes a new one with its policy.

use std::path::Path;

use keyfile::KeyFile;

use crate::error::Error;
use crate::input;
use crate::policy::Policy;

/// Reads the key file at `path`.
///
/// # Errors
/// The file cannot be read, is not a key file, or is damaged.
pub(crate) fn read(path: &Path) -> Result<KeyFile, Error> {
    let bytes = input::read(path, "name a key file")?;
    KeyFile::parse(&bytes).map_err(|source| Error::KeyFile { path: path.to_owned(), source })
}

/// Sets the policy of a new file, and `emptyAuth`: it is false if the key or its policy needs a password.
pub(crate) fn authorized(mut file: KeyFile, has_password: bool, policy: Option<Policy>) -> KeyFile {
    file.empty_auth = !has_password && !policy.as_ref().is_some_and(|policy| policy.password);
    file.policy = policy.map(|policy| policy.statements);
    file
}
