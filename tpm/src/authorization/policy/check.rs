//! Checks which policies would pass now. No key is loaded and no password is tried.

use keyfile::policy::Condition;
use keyfile::{DigestList, HashAlg, KeyFile};

use super::outcome::{CheckedPath, CheckedStatement, Outcome};
use super::refusal;
use super::step::{PolicyPath, Step};
use crate::command::Run;
use crate::command::hierarchy::create_for_locality;
use crate::command::policy::policy_command;
use crate::connection::{Connection, MAX_LOADED};
use crate::error::{Error, ErrorKind};

/// Returns every path through the policy of a key file with its present result, in the order in which an operation tries them.
///
/// # Errors
/// There is no TPM. A statement that does not pass is not an error.
pub(crate) fn check(connection: &mut Connection, file: &KeyFile) -> Result<Vec<CheckedPath>, Error> {
    let result = PolicyPath::all(file).map(|path| connection.check_path(path, file)).collect();
    let _ = connection.drop_policy();
    result
}

impl Connection {
    fn check_path(&mut self, path: PolicyPath<'_>, file: &KeyFile) -> Result<CheckedPath, Error> {
        let hash = file.public.name_alg;
        let mut statements = Vec::new();
        for (at, step) in path.steps.iter().enumerate() {
            let outcome = match self.check_step(&path, at, step, hash) {
                Ok(outcome) => outcome,
                Err(error) => refused(refusal::of_statement(error, step))?,
            };
            let (position, statement) = (step.position.clone(), step.statement.clone());
            statements.push(CheckedStatement { position, statement, outcome });
        }
        let leads_to_key = path.digest(hash).is_ok_and(|digest| digest == file.public.auth_policy);
        Ok(CheckedPath { signed: path.signed, statements, leads_to_key })
    }

    fn check_step(
        &mut self,
        path: &PolicyPath<'_>,
        at: usize,
        step: &Step<'_>,
        hash: HashAlg,
    ) -> Result<Outcome, Error> {
        let condition = step.condition()?;
        Ok(match condition {
            Condition::AuthValue | Condition::Secret(_) => Outcome::WithPassword,
            Condition::Command(_)
            | Condition::NameHash(_)
            | Condition::CpHash(_)
            | Condition::Template(_)
            | Condition::NvWritten(_)
            | Condition::PhysicalPresence
            | Condition::Other { .. } => Outcome::DependsOnUse,
            Condition::Or(DigestList(policies)) => match policies.contains(&path.digest_before(at, hash)?) {
                true => Outcome::Passes,
                false => Outcome::Refused(condition.refusal()),
            },
            Condition::Locality(wanted) => match allows(*wanted, self.locality()?) {
                true => Outcome::Passes,
                false => Outcome::Refused(condition.refusal()),
            },
            // The digest decides if it fits the statements before it. Only the signature is checked here.
            Condition::Authorize(authorize) => {
                let approved = path.digest_before(at, hash)?;
                self.verify_approval(authorize, &approved)?;
                Outcome::Passes
            }
            Condition::Pcr { .. } | Condition::CounterTimer(_) => {
                self.open_policy(hash)?;
                let session = self.policy_session()?.handle;
                let parameters = condition.parameters()?.unwrap_or_default();
                match policy_command(self, condition.command(), session, &parameters) {
                    // A PCR was extended since an earlier statement, not necessarily one that this statement names.
                    Err(error) if refusal::has_pcr_changed(&error) => {
                        self.restart_policy()?;
                        policy_command(self, condition.command(), session, &parameters)?;
                    }
                    done => done?,
                }
                Outcome::Passes
            }
        })
    }
}

impl Connection {
    /// Returns the locality of our commands as TPMA_LOCALITY: CreatePrimary and FlushContext.
    fn locality(&mut self) -> Result<u8, Error> {
        self.free_slots(MAX_LOADED - 1, &[])?;
        let (handle, locality) = create_for_locality(self)?;
        self.flush(handle)?;
        locality
    }
}

/// Turns the failure of a statement into the result of the check.
fn refused(error: Error) -> Result<Outcome, Error> {
    match (error.kind(), error.policy_failures().first()) {
        (ErrorKind::Policy | ErrorKind::Unsupported, Some(failure)) => {
            Ok(Outcome::Refused(failure.reason.clone()))
        }
        _ => Err(error),
    }
}

/// Compares localities. TPMA_LOCALITY (Part 2 §8.5) is an extended locality's number from 32 on, and a bit map below.
fn allows(wanted: u8, here: u8) -> bool {
    match wanted {
        32.. => wanted == here,
        _ => here < 32 && wanted & here != 0,
    }
}

#[cfg(test)]
mod tests {
    use super::allows;

    #[test]
    fn a_locality_is_a_bit_or_a_number() {
        assert!(allows(1, 1) && allows(0x1f, 0x10) && allows(200, 200));
        assert!(!allows(2, 1) && !allows(1, 33) && !allows(33, 1));
    }
}
