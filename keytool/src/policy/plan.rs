//! From the options to the statements: first what needs no TPM, then the values and Names that only it knows.

use std::path::Path;

use keyfile::policy::{self, Condition, Statement};
use keyfile::{CommandCode, Handle, HashAlg, PcrSelection};
use tpm::Tpm;

use super::entity::Entity;
use super::signer::Approver;
use crate::error::Error;
use crate::input;

/// What is asked for; every file is read.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(super) signer: Option<Approver>,
    pub(super) lines: Vec<Statement>,
    pub(super) pcrs: Option<PcrSelection>,
    pub(super) locality: Option<u8>,
    pub(super) secret: Option<Entity>,
    pub(super) password: bool,
}

/// A policy, ready for a key and its file.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    /// The statements in the order in which they run.
    pub(crate) statements: Vec<Statement>,
    /// Where they lead: authPolicy of the object.
    pub(crate) digest: Vec<u8>,
    /// Whether use takes a password, the object's own or another's.
    pub(crate) password: bool,
}

impl Plan {
    /// Whether nothing is asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.signer.is_none()
            && self.lines.is_empty()
            && self.pcrs.is_none()
            && self.locality.is_none()
            && self.secret.is_none()
            && !self.password
    }

    /// The password of the object itself is wanted too: PolicyAuthValue, unless the lines have it already.
    ///
    /// # Errors
    /// The lines want a password that the object does not have, or two passwords are wanted.
    pub(crate) fn with_password(self, password: bool) -> Result<Self, Error> {
        if !password && self.wants(OWN_PASSWORD) {
            return Err(Error::request(
                "the policy wants the object's password, and it is to have none",
                "give it one (-a), or take PolicyAuthValue out of the policy file",
            ));
        }
        self.demanding(password)
    }

    /// With PolicyAuthValue if `own` says so, for an object that has its password, or none, already.
    ///
    /// # Errors
    /// Two passwords are wanted.
    pub(crate) fn demanding(self, own: bool) -> Result<Self, Error> {
        let plan = Plan { password: own, ..self };
        let others = plan.secret.is_some() || plan.wants(&[CommandCode::POLICY_SECRET]);
        if others && (own || plan.wants(OWN_PASSWORD)) {
            return Err(Error::request(
                "two passwords are wanted, the object's own (PolicyAuthValue) and another object's (PolicySecret), and only one can be asked for",
                "leave the password out (-a, -k, --passout), or --secret",
            ));
        }
        if plan.signer.is_some() && plan.wants(&[CommandCode::POLICY_AUTHORIZE]) {
            return Err(Error::request(
                "the policy file has a PolicyAuthorize of its own beside --signed-policy",
                "leave one of them out: one key signs the policies",
            ));
        }
        Ok(plan)
    }

    /// Whether this TPM could verify the policies that are signed later, for an object whose name hash is `hash`.
    ///
    /// # Errors
    /// It lacks the signer's type of key, or there is no TPM.
    pub(crate) fn check(&self, tpm: &Tpm, hash: HashAlg) -> Result<(), Error> {
        let Some(signer) = self.signer.as_ref().map(|signer| signer.area(hash)) else { return Ok(()) };
        tpm.capabilities_for(&signer, Handle::NULL)?.check(&signer).map_err(|error| {
            let advice = format!("{}; sign with such a key", error.advice().unwrap_or_default());
            Error::request(
                format!("nobody can verify what is signed for --signed-policy: {}", error.cause()),
                advice,
            )
        })
    }

    /// The statements, for an object whose name hash is `hash`.
    ///
    /// # Errors
    /// The TPM has no such PCRs or no such object, a digest in the lines is of another hash, or there is no TPM.
    pub(crate) fn statements(self, tpm: &Tpm, hash: HashAlg) -> Result<Policy, Error> {
        let mut conditions = Vec::new();
        // First: it sets the digest back to zero, for whatever was signed comes before it.
        let place = self.signer.map(|signer| signer.place(hash)).transpose()?;
        // What costs nothing to check comes before what somebody has to type.
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
        let typed = |condition: &Condition| condition.statement().map_err(unfit);
        let mut statements: Vec<Statement> = place.iter().map(typed).collect::<Result<_, _>>()?;
        statements.extend(self.lines);
        for condition in &conditions {
            statements.push(typed(condition)?);
        }
        let digest = policy::digest(&statements, hash).map_err(unfit)?;
        let password = statements.iter().any(|statement| {
            OWN_PASSWORD.contains(&statement.command) || statement.command == CommandCode::POLICY_SECRET
        });
        Ok(Policy { statements, digest, password })
    }

    fn wants(&self, commands: &[CommandCode]) -> bool {
        self.lines.iter().any(|line| commands.contains(&line.command))
    }
}

fn unfit(problem: impl ToString) -> Error {
    Error::Policy(problem.to_string())
}

/// The statements that ask for the object's own password.
const OWN_PASSWORD: &[CommandCode] = &[CommandCode::POLICY_AUTH_VALUE, CommandCode::POLICY_PASSWORD];

/// The statements of a policy file.
///
/// # Errors
/// It cannot be read, a line of it is no statement, or it has none.
pub(super) fn lines(path: &Path) -> Result<Vec<Statement>, Error> {
    const ADVICE: &str = "give a text file with a statement a line: the command's code in eight hexadecimal digits, then its body";
    let bytes = input::read(path, ADVICE)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Error::file(path, "it is no text", ADVICE))?;
    let lines = policy::parse_lines(text).map_err(|error| Error::file(path, error.to_string(), ADVICE))?;
    match lines.is_empty() {
        true => Err(Error::file(path, "there is no statement in it", ADVICE)),
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

    /// No TPM is there, and none is asked.
    fn made(plan: Plan) -> (Vec<u32>, bool) {
        let tpm = Tpm::new(tpm::Config { tcti: Some("none".to_owned()), ..tpm::Config::default() });
        let policy = plan.statements(&tpm, HashAlg::Sha384).unwrap();
        assert_eq!(policy.digest.len(), 48);
        (policy.statements.iter().map(|statement| statement.command.0).collect(), policy.password)
    }

    #[test]
    fn statements_stand_in_the_order_in_which_they_run() {
        let owner: Entity = "owner".parse().unwrap();
        let full = Plan { locality: Some(1), secret: Some(owner), ..plan("0000018f00") };
        assert_eq!(made(full.with_password(false).unwrap()), (vec![0x18f, 0x16f, 0x151], true));
        let own = Plan { locality: Some(1), ..plan("") };
        assert_eq!(made(own.with_password(true).unwrap()), (vec![0x16f, 0x16b], true));
        assert_eq!(made(plan("0000016f01").with_password(false).unwrap()), (vec![0x16f], false));
    }

    #[test]
    fn the_password_is_asked_for_once() {
        for line in ["0000016b", "0000018c"] {
            let (commands, password) = made(plan(line).with_password(true).unwrap());
            assert_eq!((commands.len(), password), (1, true), "{line}");
            assert!(plan(line).with_password(false).is_err());
        }
    }
}
