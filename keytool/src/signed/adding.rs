//! Makes a new signed policy: its statements, and the PolicyAuthorize with the signature.

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

/// The policy to sign.
pub(super) struct Adding<'a> {
    pub(super) path: &'a Path,
    pub(super) name: Option<&'a str>,
    pub(super) auth: bool,
    pub(super) conditions: &'a PolicyOptions,
}

impl Adding<'_> {
    /// Signs the policy and inserts it before the others.
    ///
    /// # Errors
    /// The key does not accept signed policies, the private key is the wrong one, the conditions contradict each other, or they need a TPM
    /// and none can be used.
    pub(super) fn to(
        &self,
        file: &mut KeyFile,
        key: &Path,
        passin: Option<&Source>,
        tpm: &Tpm,
    ) -> Result<(), Error> {
        let unsigned = self.authorize_of(file)?;
        let plan = self.conditions.read()?.demanding(self.auth)?;
        let mut passwords = Passwords::default();
        let signer = Signer::read(key, || match passin {
            Some(source) => passwords.from(source, "password of the private key"),
            None => passwords.ask(&format!("password of {}", key.display())),
        })?;
        signer.check(&unsigned.key)?;

        let deferred = Deferred::start();
        let made = plan.statements(tpm, file.public.name_alg);
        tpm.close();
        let mut statements = made?.statements;
        deferred.check()?;
        if file.empty_auth && demands_own_password(&statements) {
            terminal::notice(
                "warning: the key has no password: the new policy demands the empty password, which every user knows",
            );
        }
        if self.conditions.is_signed() {
            terminal::notice(
                "warning: the new policy cannot be satisfied: the file cannot store signatures for a --signed-policy inside a signed policy",
            );
        }
        let approved = policy::digest(&statements, file.public.name_alg)
            .map_err(|error| Error::Policy(error.to_string()))?;
        let signature = signer.sign(&unsigned.key, &unsigned.signed_digest(&approved))?;
        let authorize = Condition::Authorize(Box::new(Authorize { signature, ..unsigned }));
        if statements.is_empty() {
            terminal::notice("warning: the new policy has no conditions: it allows the use in every state");
        }
        statements.push(authorize.statement().map_err(|error| Error::Policy(error.to_string()))?);
        // A PolicySecret needs a password even if the key itself has none.
        file.empty_auth &=
            !statements.iter().any(|statement| statement.command == CommandCode::POLICY_SECRET);
        let name = self.name.filter(|name| !name.is_empty()).map(str::to_owned);
        file.auth_policies.insert(0, AuthPolicy { name, statements });
        Ok(())
    }

    /// Returns the PolicyAuthorize at the start of the key's policy. It contains the signer's public key and the policyRef.
    fn authorize_of(&self, file: &KeyFile) -> Result<Authorize, Error> {
        let path = self.path.display();
        let refused = || {
            Error::request(
                format!("the key in {path} does not accept signed policies"),
                "make a new key with `tpm2-keytool create --signed-policy PUBKEY`",
            )
        };
        let first = file.policy.iter().flatten().next().ok_or_else(refused)?;
        match first.condition() {
            Ok(Condition::Authorize(authorize)) => Ok(*authorize),
            Err(problem) if first.command == CommandCode::POLICY_AUTHORIZE => Err(Error::request(
                format!("the policy in {path} is damaged: {problem}"),
                "use an undamaged copy of the file",
            )),
            _ => Err(refused()),
        }
    }
}

fn demands_own_password(statements: &[Statement]) -> bool {
    let own = [CommandCode::POLICY_AUTH_VALUE, CommandCode::POLICY_PASSWORD];
    statements.iter().any(|statement| own.contains(&statement.command))
}
