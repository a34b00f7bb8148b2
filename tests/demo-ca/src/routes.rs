//! The CA: its state, and who answers which path.

use std::sync::Arc;

use openssl::error::ErrorStack;
use serde_json::{Value, json};

use crate::account::Account;
use crate::answer::Answer;
use crate::authority::Authority;
use crate::enrolment::Activation;
use crate::jws::{Jws, Signer};
use crate::log::Log;
use crate::nonces::Nonces;
use crate::options::Options;
use crate::order::Order;
use crate::problem::{Kind, Problem};

/// The CA, without its connections. One request is answered after the other.
pub(crate) struct Ca {
    pub(crate) authority: Authority,
    pub(crate) options: Options,
    pub(crate) log: Arc<Log>,
    pub(crate) accounts: Vec<Account>,
    /// Each has one authorization with one challenge, which have its number.
    pub(crate) orders: Vec<Order>,
    pub(crate) activations: Vec<Option<Activation>>,
    nonces: Nonces,
    base: String,
}

impl Ca {
    /// Makes a CA whose URLs begin with `base`.
    pub(crate) fn new(options: Options, base: String, log: Arc<Log>) -> Result<Self, ErrorStack> {
        Ok(Self {
            authority: Authority::new(options.lifetime)?,
            options,
            log,
            accounts: Vec::new(),
            orders: Vec::new(),
            activations: Vec::new(),
            nonces: Nonces::default(),
            base,
        })
    }

    /// Answers a request.
    pub(crate) fn answer(&mut self, method: &str, path: &str, body: &[u8]) -> Answer {
        let answer = self.route(method, path, body).unwrap_or_else(|problem| {
            self.log.add(format_args!("{method} {path}: {}: {}", problem.name(), problem.detail));
            problem.into()
        });
        // RFC 8555 §6.5: also errors have a new nonce, so that the client can try again.
        match self.nonces.issue() {
            Ok(nonce) => answer.with("Replay-Nonce", nonce).with("Cache-Control", "no-store".into()),
            Err(problem) => problem.into(),
        }
    }

    fn route(&mut self, method: &str, path: &str, body: &[u8]) -> Result<Answer, Problem> {
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match (method, parts.as_slice()) {
            ("GET", ["directory"]) => Ok(Answer::json(200, &self.directory())),
            ("GET", ["root.pem"]) => self.root(),
            ("HEAD", ["acme", "nonce"]) => Ok(Answer::empty(200)),
            ("GET", ["acme", "nonce"]) => Ok(Answer::empty(204)),
            ("POST", ["enrolment", "challenge"]) => self.challenge_attestation_key(body),
            ("POST", ["enrolment", "answer", number]) => self.answer_of_attestation_key(index(number)?, body),
            ("POST", ["acme", "account"]) => self.account(path, body),
            ("POST", ["acme", rest @ ..]) => {
                let (account, payload) = self.verified(path, body)?;
                match rest {
                    ["order"] => self.new_order(account, &payload),
                    ["order", number] => self.order(account, index(number)?),
                    ["authorization", number] => self.authorization(account, index(number)?),
                    ["challenge", number] => self.challenge(account, index(number)?, &payload),
                    ["finalize", number] => self.finalize(account, index(number)?, &payload),
                    ["certificate", number] => self.certificate(account, index(number)?),
                    _ => Err(Problem::not_found()),
                }
            }
            _ => Err(Problem::not_found()),
        }
    }

    /// Returns the URL of a resource.
    pub(crate) fn url(&self, path: impl std::fmt::Display) -> String {
        format!("{}/{path}", self.base)
    }

    fn directory(&self) -> Value {
        json!({
            "newNonce": self.url("acme/nonce"),
            "newAccount": self.url("acme/account"),
            "newOrder": self.url("acme/order"),
            "meta": { "externalAccountRequired": false },
        })
    }

    fn root(&self) -> Result<Answer, Problem> {
        let pem = self.authority.root().to_pem().map_err(|errors| Problem::internal(&errors))?;
        Ok(Answer::new(200, "application/x-pem-file", pem))
    }

    /// Reads a request, and accepts its nonce and its URL.
    pub(crate) fn fresh(&mut self, path: &str, body: &[u8]) -> Result<Jws, Problem> {
        let jws = Jws::read(body)?;
        if !self.nonces.take(&jws.nonce) {
            return Err(Problem::new(Kind::BadNonce, "the nonce was used before, or is not of this CA"));
        }
        if jws.url != self.url(path.trim_start_matches('/')) {
            return Err(Problem::new(Kind::Unauthorized, "the request was signed for another URL"));
        }
        Ok(jws)
    }

    /// Verifies a request, and returns the number of its account and its payload.
    fn verified(&mut self, path: &str, body: &[u8]) -> Result<(usize, Value), Problem> {
        let jws = self.fresh(path, body)?;
        let Signer::Account(url) = &jws.signer else {
            return Err(Problem::new(Kind::Malformed, "the request does not name an account (kid)"));
        };
        let number = (0..self.accounts.len()).find(|number| self.url_of_account(*number) == *url);
        let account = number.and_then(|number| self.accounts.get(number).map(|account| (number, account)));
        let (number, account) = account
            .ok_or_else(|| Problem::new(Kind::AccountDoesNotExist, "there is no account with this URL"))?;
        Ok((number, jws.payload_signed_by(&account.key)?))
    }
}

/// Parses the number of a resource.
fn index(text: &str) -> Result<usize, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}
