//! Turns the policy options into statements: first without the TPM, then with the values and Names that the TPM supplies.

use std::path::Path;

use keyfile::policy::{self, Condition, Statement};
use keyfile::{CommandCode, Handle, HashAlg, PcrSelection};
use tpm::Tpm;

use super::entity::Entity;
use super::signer::Approver;
use crate::error::Error;
use crate::input;

/// The requested policy, after all files are read.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(super) signer: Option<Approver>,
    pub(super) lines: Vec<Statement>,
    pub(super) pcrs: Option<PcrSelection>,
    pub(super) locality: Option<u8>,
    pub(super) secret: Option<Entity>,
    pub(super) password: bool,
}

/// A complete policy for a key and its file.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    /// The statements in the order in which they are executed.
    pub(crate) statements: Vec<Statement>,
    /// The policy digest: authPolicy of the object.
    pub(crate) digest: Vec<u8>,
    /// True if the use needs a password, the object's own or another object's.
    pub(crate) password: bool,
}

impl Plan {
    /// Returns true if no policy is requested.
    pub(crate) fn is_empty(&self) -> bool {
        self.signer.is_none()
            && self.lines.is_empty()
            && self.pcrs.is_none()
            && self.locality.is_none()
            && self.secret.is_none()
            && !self.password
    }

    /// Demands the object's own password if it has one: adds PolicyAuthValue, unless the policy file contains it.
    ///
    /// # Errors
    /// The policy file demands a password but the object has none, or two passwords are demanded.
    pub(crate) fn with_password(self, password: bool) -> Result<Self, Error> {
        if !password && self.has_line(OWN_PASSWORD) {
            return Err(Error::request(
                "the policy demands the object's password, but the object has none",
                "give it a password (-a), or remove PolicyAuthValue from the policy file",
            ));
        }
        self.demanding(password)
    }

    /// Adds PolicyAuthValue if `own` is true, for an object that exists already.
    ///
    /// # Errors
    /// Two passwords are demanded, or the policy file has a PolicyAuthorize beside --signed-policy.
    pub(crate) fn demanding(self, own: bool) -> Result<Self, Error> {
        let plan = Plan { password: own, ..self };
        let others = plan.secret.is_some() || plan.has_line(&[CommandCode::POLICY_SECRET]);
        if others && (own || plan.has_line(OWN_PASSWORD)) {
            return Err(Error::request(
                "the policy demands two passwords, the object's own (PolicyAuthValue) and another object's (PolicySecret), but only one can be asked for",
                "omit the password (-a, -k, --passout), or omit --secret",
            ));
        }
        if plan.signer.is_some() && plan.has_line(&[CommandCode::POLICY_AUTHORIZE]) {
            return Err(Error::request(
                "the policy file contains PolicyAuthorize, and --signed-policy is given, too",
                "omit one of them: only one key can sign the policies",
            ));
        }
        Ok(plan)
    }

    /// Checks that this TPM can verify policies that are signed later. `hash` is the object's name hash.
    ///
    /// # Errors
    /// The TPM does not support the signer's type of key, or no TPM can be used.
    pub(crate) fn check(&self, tpm: &Tpm, hash: HashAlg) -> Result<(), Error> {
        let Some(signer) = self.signer.as_ref().map(|signer| signer.area(hash)) else { return Ok(()) };
        tpm.capabilities_for(&signer, Handle::NULL)?.check(&signer).map_err(|error| {
            let advice = format!("{}; sign with such a key", error.advice().unwrap_or_default());
            Error::request(
                format!(
                    "this TPM cannot verify policies signed with the key of --signed-policy: {}",
                    error.cause()
                ),
                advice,
            )
        })
    }

    /// Returns the statements. `hash` is the object's name hash.
    ///
    /// # Errors
    /// The TPM lacks the PCRs or the object, a digest in the policy file has another hash, or no TPM can be used.
    pub(crate) fn statements(self, tpm: &Tpm, hash: HashAlg) -> Result<Policy, Error> {
        let mut conditions = Vec::new();
        // PolicyAuthorize is first in the file, because it resets the digest. The signed statements are executed before it.
        let authorize = self.signer.map(|signer| signer.authorize(hash)).transpose()?;
        // Conditions that are checked without the user come before the password.
        if let Some(selection) = self.pcrs {
            let digest = tpm.pcr_digest(&selection, hash)?;
            conditions.push(Condition::Pcr { selection, digest });
        }
        conditions.extend(self.locality.map(Condition::Locality));
        if let Some(entity) = self.secret {
            conditions.push(entity.condition(tpm)?);
        }
        let asked = self.lines.iter().any(|line| OWN_PASSWORD.contains(&line.command));
        if self.password && !asked {
            conditions.push(Condition::AuthValue);
        }
        let statement = |condition: &Condition| condition.statement().map_err(unfit);
        let mut statements: Vec<Statement> = authorize.iter().map(statement).collect::<Result<_, _>>()?;
        statements.extend(self.lines);
        for condition in &conditions {
            statements.push(statement(condition)?);
        }
        let digest = policy::digest(&statements, hash).map_err(unfit)?;
        let password = statements.iter().any(|statement| {
            OWN_PASSWORD.contains(&statement.command) || statement.command == CommandCode::POLICY_SECRET
        });
        Ok(Policy { statements, digest, password })
    }

    fn has_line(&self, commands: &[CommandCode]) -> bool {
        self.lines.iter().any(|line| commands.contains(&line.command))
    }
}

fn unfit(problem: impl ToString) -> Error {
    Error::Policy(problem.to_string())
}

/// The policy commands that demand the object's own password.
const OWN_PASSWORD: &[CommandCode] = &[CommandCode::POLICY_AUTH_VALUE, CommandCode::POLICY_PASSWORD];

/// Reads the statements of a policy file.
///
/// # Errors
/// The file cannot be read, a line is not a statement, or there is no statement.
pub(super) fn lines(path: &Path) -> Result<Vec<Statement>, Error> {
    const ADVICE: &str = "give a text file with one statement per line: the command's code in eight hexadecimal digits, then its body";
    let bytes = input::read(path, ADVICE)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Error::file(path, "it is not a text file", ADVICE))?;
    let lines = policy::parse_lines(text).map_err(|error| Error::file(path, error.to_string(), ADVICE))?;
    match lines.is_empty() {
        true => Err(Error::file(path, "it contains no statement", ADVICE)),
        false => Ok(lines),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Plan {
        let lines = policy::parse_lines(text).unwrap();
        Plan { signer: None, lines, pcrs: None, locality: None, secret: None, password: false }
    }

    /// Makes the policy without a TPM.
    fn made(plan: Plan) -> (Vec<u32>, bool) {
        let tpm = Tpm::new(tpm::Config { tcti: Some("none".to_owned()), ..tpm::Config::default() });
        let policy = plan.statements(&tpm, HashAlg::Sha384).unwrap();
        assert_eq!(policy.digest.len(), 48);
        (policy.statements.iter().map(|statement| statement.command.0).collect(), policy.password)
    }

    #[test]
    fn statements_are_in_the_order_of_execution() {
        let owner: Entity = "owner".parse().unwrap();
        let full = Plan { locality: Some(1), secret: Some(owner), ..plan("0000018f00") };
        assert_eq!(made(full.with_password(false).unwrap()), (vec![0x18f, 0x16f, 0x151], true));
        let own = Plan { locality: Some(1), ..plan("") };
        assert_eq!(made(own.with_password(true).unwrap()), (vec![0x16f, 0x16b], true));
        assert_eq!(made(plan("0000016f01").with_password(false).unwrap()), (vec![0x16f], false));
    }

    #[test]
    fn password_is_demanded_once() {
        for line in ["0000016b", "0000018c"] {
            let (commands, password) = made(plan(line).with_password(true).unwrap());
            assert_eq!((commands.len(), password), (1, true), "{line}");
            assert!(plan(line).with_password(false).is_err());
        }
    }
}
