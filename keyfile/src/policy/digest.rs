//! The policy digest in software (Part 1 §19.7 and the "Policy Digest" part of each command in Part 3 §23).

use super::{Condition, Error, Problem, Statement};
use crate::{DigestList, HashAlg};

/// Returns the policy digest after these statements, in a session with this hash.
///
/// # Errors
/// [`Error`] names the statement that is damaged or cannot run from a file.
pub fn digest<'a>(
    statements: impl IntoIterator<Item = &'a Statement>,
    hash: HashAlg,
) -> Result<Vec<u8>, Error> {
    let zeros = vec![0; hash.size()];
    statements.into_iter().enumerate().try_fold(zeros, |old, (index, statement)| {
        let new = statement.condition().and_then(|condition| extend(&old, &condition, hash));
        new.map_err(|problem| Error { index, command: statement.command, problem })
    })
}

fn extend(old: &[u8], condition: &Condition, hash: HashAlg) -> Result<Vec<u8>, Problem> {
    let code = condition.command().0.to_be_bytes();
    let body = condition.statement()?.body;
    Ok(match condition {
        Condition::Pcr { digest, .. }
        | Condition::NameHash(digest)
        | Condition::CpHash(digest)
        | Condition::Template(digest)
            if digest.len() != hash.size() =>
        {
            return Err(Problem::DigestSize { size: digest.len(), hash });
        }
        // PolicyOR starts the digest again from zero, with all the branches.
        Condition::Or(DigestList(digests)) => {
            if let Some(other) = digests.iter().find(|digest| digest.len() != hash.size()) {
                return Err(Problem::DigestSize { size: other.len(), hash });
            }
            hash.digest(&[&vec![0; hash.size()], &code, &digests.concat()])
        }
        Condition::Other { .. } => return Err(Problem::Digest),
        Condition::CounterTimer(_) => hash.digest(&[old, &code, &hash.digest(&[&body])]),
        // The signature approves the digest so far; the digest starts again from zero.
        Condition::Authorize(authorize) => {
            let zeros = vec![0; hash.size()];
            let named = hash.digest(&[&zeros, &code, authorize.key.name()?.as_bytes()]);
            hash.digest(&[&named, &authorize.policy_ref])
        }
        Condition::Secret(secret) => {
            let named = hash.digest(&[old, &code, secret.name.as_bytes()]);
            hash.digest(&[&named, &secret.policy_ref])
        }
        _ => hash.digest(&[old, &code, &body]),
    })
}
