//! Accounts (RFC 8555 §7.3).

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::jwk::Jwk;
use crate::jws::Signer;
use crate::problem::{Kind, Problem};
use crate::routes::Ca;

/// An account is its key.
pub(crate) struct Account {
    pub(crate) key: Jwk,
}

impl Ca {
    /// Registers an account, or finds the one with this key.
    pub(crate) fn account(&mut self, path: &str, body: &[u8]) -> Result<Answer, Problem> {
        let jws = self.fresh(path, body)?;
        let Signer::Key(key) = &jws.signer else {
            return Err(Problem::new(Kind::Malformed, "the request does not contain its key (jwk)"));
        };
        let payload = jws.payload_signed_by(key)?;
        let known = self.accounts.iter().position(|account| account.key.thumbprint == key.thumbprint);
        let (status, number) = match known {
            Some(number) => (200, number),
            None if payload.get("onlyReturnExisting").and_then(Value::as_bool) == Some(true) => {
                return Err(Problem::new(Kind::AccountDoesNotExist, "there is no account with this key"));
            }
            None => {
                self.accounts.push(Account { key: (**key).clone() });
                self.log.add(format_args!(
                    "account {}: registered, {}, key {}",
                    self.accounts.len() - 1,
                    key.algorithm,
                    key.thumbprint
                ));
                (201, self.accounts.len() - 1)
            }
        };
        let account = json!({ "status": "valid", "orders": self.url("acme/orders") });
        Ok(Answer::json(status, &account).with("Location", self.url_of_account(number)))
    }

    pub(crate) fn url_of_account(&self, number: usize) -> String {
        self.url(format_args!("acme/account/{number}"))
    }
}
