//! The rules between the fields of a key file.

use super::{Error, KeyFile, Kind};
use crate::{CommandCode, policy};

/// Rejects a file that is too large to be a key, before it is parsed.
pub(super) const fn size(bytes: &[u8]) -> Result<(), Error> {
    match bytes.len() {
        0..=KeyFile::MAX_SIZE => Ok(()),
        size => Err(Error::TooLarge { size }),
    }
}

/// Checks the rules for every file.
pub(super) fn check(file: &KeyFile) -> Result<(), Error> {
    let parent = file.parent;
    // Some tools write a transient handle. Only the TPM knows if it is still valid.
    if !(parent.is_persistent() || parent.is_transient() || parent.is_hierarchy()) {
        return Err(Error::Parent(parent));
    }
    match (file.kind, &file.secret) {
        (Kind::Loadable, Some(_)) => return Err(Error::Rule("a loadable key has no secret")),
        (Kind::Importable, None) => return Err(Error::Rule("an importable key needs its secret")),
        _ => {}
    }
    let first = file.policy.iter().flatten().next().map(|statement| statement.command);
    if !file.auth_policies.is_empty() && first != Some(CommandCode::POLICY_AUTHORIZE) {
        return Err(Error::Rule("signed policies need a policy that starts with PolicyAuthorize"));
    }
    Ok(())
}

/// Checks the rules for a file that we create or change.
pub(super) fn check_new(file: &KeyFile) -> Result<(), Error> {
    check(file)?;
    if file.parent.is_transient() {
        return Err(Error::Parent(file.parent));
    }
    if file.rsa_parent && !file.parent.is_hierarchy() {
        return Err(Error::Rule("rsaParent is only for a parent that is a hierarchy"));
    }
    // A file from another tool may have a policy whose digest we cannot compute. Its description can be changed all the same.
    if file.source.is_none() { check_policy(file) } else { Ok(()) }
}

/// Checks that the statements lead to the key's policy digest. Otherwise the key could never be used.
fn check_policy(file: &KeyFile) -> Result<(), Error> {
    let digest = match &file.policy {
        Some(statements) => policy::digest(statements, file.public.name_alg).map_err(Error::Policy)?,
        None => Vec::new(),
    };
    if digest == file.public.auth_policy {
        Ok(())
    } else {
        Err(Error::Rule("the policy does not lead to the key's policy digest"))
    }
}
