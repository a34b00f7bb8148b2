//! The challenge device-attest-01 (draft-ietf-acme-device-attest): the crate `attestation` makes the checks.

use std::time::{SystemTime, UNIX_EPOCH};

use attestation::acme::{Object, extra_data};
use attestation::{Algorithms, Check, Expected, Report, Trust, verify};
use keyfile::wire::Unmarshal;
use keyfile::{Public, PublicKey};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::encoding::bytes_of;
use crate::order::{Order, Stage};
use crate::problem::{Kind, Problem};
use crate::routes::Ca;

impl Ca {
    /// Returns the challenge of an order, or checks its answer. A challenge is answered once.
    pub(crate) fn challenge(
        &mut self,
        account: usize,
        number: usize,
        payload: &Value,
    ) -> Result<Answer, Problem> {
        let order = self.order_of(account, number)?;
        if payload.is_null() {
            return Ok(Answer::json(200, &self.describe_challenge(number, order)));
        }
        if !matches!(order.stage, Stage::Pending) {
            return Err(Problem::new(Kind::Malformed, "the challenge has an answer already"));
        }
        let stage = match self.attested(number, order, payload) {
            Ok(key) => Stage::Attested(key),
            Err(problem) => Stage::Refused(problem),
        };
        self.log.add(match &stage {
            Stage::Refused(problem) => format!("challenge {number}: refused: {}", problem.detail),
            _ => format!("challenge {number}: accepted"),
        });
        self.advance(number, stage);
        let order = self.order_of(account, number)?;
        let above = format!("<{}>;rel=\"up\"", self.url(format_args!("acme/authorization/{number}")));
        Ok(Answer::json(200, &self.describe_challenge(number, order)).with("Link", above))
    }

    /// Returns the key that is proven to be in a TPM.
    fn attested(&self, number: usize, order: &Order, payload: &Value) -> Result<PublicKey, Problem> {
        let refused =
            |cause: &dyn std::fmt::Display| Problem::new(Kind::BadAttestationStatement, cause.to_string());
        let evidence = Object::read(&bytes_of(payload, "attObj")?)
            .and_then(|object| object.evidence())
            .map_err(|error| refused(&error))?;
        let thumbprint = self.accounts.get(order.account).map(|account| account.key.thumbprint.as_str());
        let key_authorization = format!("{}.{}", order.token, thumbprint.unwrap_or_default());
        let root = self.authority.root().to_der().map_err(|errors| Problem::internal(&errors))?;
        let roots: Vec<Vec<u8>> =
            self.options.attestation_roots.iter().cloned().chain(std::iter::once(root)).collect();
        let expected = Expected {
            trust: Trust::Certificate { roots: &roots },
            extra_data: &extra_data(&key_authorization),
            request: None,
            identifier: Some(&order.identifier),
            time: now(),
            algorithms: &Algorithms::default(),
        };
        let report = verify(&evidence, &expected);
        for check in report.checks() {
            self.log.add(format_args!("challenge {number}: {check}"));
        }
        match report.is_accepted() {
            true => Ok(Public::from_bytes(&evidence.key).map_err(|error| refused(&error))?.key),
            false => Err(refused(&causes(&report))),
        }
    }

    /// Describes a challenge (RFC 8555 §7.1.5).
    pub(crate) fn describe_challenge(&self, number: usize, order: &Order) -> Value {
        let mut description = json!({
            "type": "device-attest-01",
            "url": self.url(format_args!("acme/challenge/{number}")),
            "status": order.status_of_challenge(),
            "token": order.token,
        });
        if let (Stage::Refused(problem), Some(fields)) = (&order.stage, description.as_object_mut()) {
            fields.insert("error".into(), problem.document());
        }
        description
    }
}

/// Returns the failed checks: the name of each, and why.
fn causes(report: &Report) -> String {
    let text = |check: &Check| format!("{}: {}", check.subject.name(), check.cause);
    report.refused().map(text).collect::<Vec<_>>().join("; ")
}

/// Returns the time in seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
