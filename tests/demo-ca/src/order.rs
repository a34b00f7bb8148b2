//! Orders and their authorizations (RFC 8555 §7.4, §7.5). An order has one identifier, one authorization and one challenge.

use keyfile::PublicKey;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::encoding::{identifier_of, text_of};
use crate::nonces::random;
use crate::problem::{Kind, Problem};
use crate::routes::Ca;

/// The type of identifiers (draft-ietf-acme-device-attest).
const IDENTIFIER: &str = "permanent-identifier";

/// An order.
pub(crate) struct Order {
    pub(crate) account: usize,
    pub(crate) identifier: String,
    /// The token of the challenge.
    pub(crate) token: String,
    pub(crate) stage: Stage,
}

/// What has happened to an order.
pub(crate) enum Stage {
    /// The challenge waits for its answer.
    Pending,
    /// This key is in a TPM.
    Attested(PublicKey),
    /// The chain, in PEM.
    Issued(Vec<u8>),
    /// The answer was refused.
    Refused(Problem),
}

impl Order {
    /// Returns the status of the order (RFC 8555 §7.1.6).
    fn status(&self) -> &'static str {
        match self.stage {
            Stage::Pending => "pending",
            Stage::Attested(_) => "ready",
            Stage::Issued(_) => "valid",
            Stage::Refused(_) => "invalid",
        }
    }

    /// Returns the status of the authorization and the challenge.
    pub(crate) fn status_of_challenge(&self) -> &'static str {
        match self.stage {
            Stage::Pending => "pending",
            Stage::Attested(_) | Stage::Issued(_) => "valid",
            Stage::Refused(_) => "invalid",
        }
    }

    fn identifier(&self) -> Value {
        json!({ "type": IDENTIFIER, "value": self.identifier })
    }
}

impl Ca {
    /// Makes an order.
    pub(crate) fn new_order(&mut self, account: usize, payload: &Value) -> Result<Answer, Problem> {
        let identifiers = payload.get("identifiers").and_then(Value::as_array).map(Vec::as_slice);
        let Some([identifier]) = identifiers else {
            return Err(Problem::new(Kind::Malformed, "the order does not have exactly one identifier"));
        };
        let kind = text_of(identifier, "type")?;
        if kind != IDENTIFIER {
            let detail = format!("the type of the identifier is {kind}, not {IDENTIFIER}");
            return Err(Problem::new(Kind::UnsupportedIdentifier, detail));
        }
        let value = identifier_of(identifier, "value")?;
        let number = self.orders.len();
        self.log.add(format_args!("order {number}: account {account} asks for {IDENTIFIER} {value}"));
        let (identifier, token) = (value.to_owned(), random()?);
        let order = Order { account, identifier, token, stage: Stage::Pending };
        let answer = Answer::json(201, &self.describe(number, &order));
        self.orders.push(order);
        Ok(answer.with("Location", self.url(format_args!("acme/order/{number}"))))
    }

    /// Returns an order.
    pub(crate) fn order(&self, account: usize, number: usize) -> Result<Answer, Problem> {
        let order = self.order_of(account, number)?;
        Ok(Answer::json(200, &self.describe(number, order)))
    }

    /// Returns the order with this number, if it is of this account.
    pub(crate) fn order_of(&self, account: usize, number: usize) -> Result<&Order, Problem> {
        let order = self.orders.get(number).filter(|order| order.account == account);
        order.ok_or_else(Problem::not_found)
    }

    /// Sets the stage of an order.
    pub(crate) fn advance(&mut self, number: usize, stage: Stage) {
        if let Some(order) = self.orders.get_mut(number) {
            order.stage = stage;
        }
    }

    /// Returns an authorization.
    pub(crate) fn authorization(&self, account: usize, number: usize) -> Result<Answer, Problem> {
        let order = self.order_of(account, number)?;
        let authorization = json!({
            "status": order.status_of_challenge(),
            "identifier": order.identifier(),
            "challenges": [self.describe_challenge(number, order)],
        });
        Ok(Answer::json(200, &authorization))
    }

    fn describe(&self, number: usize, order: &Order) -> Value {
        let mut description = json!({
            "status": order.status(),
            "identifiers": [order.identifier()],
            "authorizations": [self.url(format_args!("acme/authorization/{number}"))],
            "finalize": self.url(format_args!("acme/finalize/{number}")),
        });
        match (&order.stage, description.as_object_mut()) {
            (Stage::Issued(_), Some(fields)) => {
                let url = self.url(format_args!("acme/certificate/{number}"));
                fields.insert("certificate".into(), url.into());
            }
            (Stage::Refused(problem), Some(fields)) => {
                fields.insert("error".into(), problem.document());
            }
            _ => {}
        }
        description
    }
}
