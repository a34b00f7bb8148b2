//! A new signed policy: its statements, and the PolicyAuthorize that signs them.

use std::path::Path;

use keyfile::policy::{self, AuthPolicy, Authorize, Condition, Statement};
use keyfile::{CommandCode, KeyFile};
use tpm::Tpm;

use super::signing::Signer;
use crate::error::Error;
use crate::interrupt::Deferred;
use crate::password::Passwords;
use crate::policy::PolicyOptions;
use crate::source::Source;
use crate::terminal;

/// What is to be signed.
pub(super) struct Adding<'a> {
    pub(super) path: &'a Path,
    pub(super) name: Option<&'a str>,
    pub(super) auth: bool,
    pub(super) conditions: &'a PolicyOptions,
}

impl Adding<'_> {
    /// Puts it first.
    ///
    /// # Errors
    /// The key takes no signed policies, the private key is another's, the conditions contradict each other, or they need a TPM that is not
    /// there.
    pub(super) fn to(
        &self,
        file: &mut KeyFile,
        key: &Path,
        passin: Option<&Source>,
        tpm: &Tpm,
    ) -> Result<(), Error> {
        let place = self.place(file)?;
        let plan = self.conditions.read()?.demanding(self.auth)?;
        let mut passwords = Passwords::default();
        let signer = Signer::read(key, || match passin {
            Some(source) => passwords.from(source, "password of the private key"),
            None => passwords.ask(&format!("password of {}", key.display())),
        })?;
        signer.check(&place.key)?;

        let deferred = Deferred::start();
        let made = plan.statements(tpm, file.public.name_alg);
        tpm.close();
        let mut statements = made?.statements;
        deferred.check()?;
        if file.empty_auth && demands_own_password(&statements) {
            terminal::notice(
                "the key has no password: the new policy demands the empty one, which everybody has",
            );
        }
        if self.conditions.is_signed() {
            terminal::notice(
                "warning: nobody can satisfy the new policy: the file has no place for what is signed for --signed-policy within a signed policy",
            );
        }
        let approved = policy::digest(&statements, file.public.name_alg)
            .map_err(|error| Error::Policy(error.to_string()))?;
        let signature = signer.sign(&place.key, &place.signed_digest(&approved))?;
        let authorize = Condition::Authorize(Box::new(Authorize { signature, ..place }));
        if statements.is_empty() {
            terminal::notice("the new policy demands nothing by itself: it allows the use in every state");
        }
        statements.push(authorize.statement().map_err(|error| Error::Policy(error.to_string()))?);
        // From now on somebody has to be asked, though the key itself may have no password.
        file.empty_auth &=
            !statements.iter().any(|statement| statement.command == CommandCode::POLICY_SECRET);
        let name = self.name.filter(|name| !name.is_empty()).map(str::to_owned);
        file.auth_policies.insert(0, AuthPolicy { name, statements });
        Ok(())
    }

    /// The PolicyAuthorize that the key's policy begins with: who signs, and for which key.
    fn place(&self, file: &KeyFile) -> Result<Authorize, Error> {
        let path = self.path.display();
        let refused = || {
            Error::request(
                format!("the key in {path} takes no signed policies"),
                "that is decided when a key is made: `tpm2-keytool create --signed-policy PUBKEY`",
            )
        };
        let first = file.policy.iter().flatten().next().ok_or_else(refused)?;
        match first.condition() {
            Ok(Condition::Authorize(place)) => Ok(*place),
            Err(problem) if first.command == CommandCode::POLICY_AUTHORIZE => Err(Error::request(
                format!("the policy in {path} is damaged: {problem}"),
                "take a whole copy of the file",
            )),
            _ => Err(refused()),
        }
    }
}

fn demands_own_password(statements: &[Statement]) -> bool {
    let own = [CommandCode::POLICY_AUTH_VALUE, CommandCode::POLICY_PASSWORD];
    statements.iter().any(|statement| own.contains(&statement.command))
}
