//! An order from its begin to the certificate (RFC 8555 §7.4, §7.5).

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::acme::Acme;
use super::device::Device;
use super::http::Reply;
use super::jws::encode;
use super::problem;
use crate::error::Error;

/// The challenge and the type of identifiers (draft-ietf-acme-device-attest).
const CHALLENGE: &str = "device-attest-01";
const IDENTIFIER: &str = "permanent-identifier";

/// The longest time that the server may take for one step.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest time between two questions.
const LONGEST_WAIT: u64 = 10;

/// An order.
pub(super) struct Order<'a, 'b> {
    acme: &'a mut Acme<'b>,
    url: String,
    /// The order as the server described it last.
    state: Value,
}

impl<'a, 'b> Order<'a, 'b> {
    /// Asks for a certificate for a device.
    ///
    /// # Errors
    /// The server refuses, or cannot be reached.
    pub(super) fn new(acme: &'a mut Acme<'b>, identifier: &str) -> Result<Self, Error> {
        let wanted = json!({ "identifiers": [{ "type": IDENTIFIER, "value": identifier }] });
        let reply = acme.post("the order", &acme.resource("newOrder")?, Some(&wanted))?;
        let state = reply.json();
        let url = reply.location.ok_or_else(|| problem::incomplete("an order", "its URL"))?;
        Ok(Self { acme, url, state })
    }

    /// Proves to the server that the key is in the TPM.
    ///
    /// # Errors
    /// The server refuses the proof, or does not offer the challenge; or the TPM cannot make it.
    pub(super) fn prove(&mut self, device: &Device) -> Result<(), Error> {
        let authorizations = self.state.get("authorizations").and_then(Value::as_array).cloned();
        for authorization in authorizations.unwrap_or_default() {
            let url = authorization.as_str().unwrap_or_default();
            let state = self.acme.post("the authorization", url, None)?.json();
            if status(&state) == "valid" {
                continue;
            }
            let challenges = state.get("challenges").and_then(Value::as_array).into_iter().flatten();
            let challenge = challenges.into_iter().find(|challenge| text(challenge, "type") == CHALLENGE);
            let challenge = challenge.ok_or_else(|| problem::incomplete("an authorization", CHALLENGE))?;
            let object = device.attestation(&self.acme.key_authorization(text(challenge, "token")))?;
            let answer = json!({ "attObj": encode(object) });
            let reply = self.acme.post("the attestation", text(challenge, "url"), Some(&answer))?;
            // Servers check it at once or later.
            check("the attestation", &reply.json())?;
            self.settled("the attestation", url)?;
        }
        Ok(())
    }

    /// Sends the request for the certificate, in DER.
    ///
    /// # Errors
    /// The server refuses it.
    pub(super) fn finalize(&mut self, request: &[u8]) -> Result<(), Error> {
        let url = text(&self.state, "finalize").to_owned();
        let reply = self.acme.post("the request", &url, Some(&json!({ "csr": encode(request) })))?;
        self.state = reply.json();
        check("the request", &self.state)?;
        if status(&self.state) != "valid" {
            self.state = self.settled("the request", &self.url.clone())?;
        }
        Ok(())
    }

    /// Returns the certificate and its chain in PEM.
    ///
    /// # Errors
    /// The server cannot be reached.
    pub(super) fn certificate(self) -> Result<Vec<u8>, Error> {
        match text(&self.state, "certificate") {
            "" => Err(problem::incomplete("a valid order", "its certificate")),
            url => Ok(self.acme.post("the certificate", url, None)?.body),
        }
    }

    /// Waits until an authorization or the order is valid.
    fn settled(&mut self, what: &str, url: &str) -> Result<Value, Error> {
        let start = Instant::now();
        let mut pause = 0;
        loop {
            let reply = self.acme.post(what, url, None)?;
            let state = reply.json();
            check(what, &state)?;
            if status(&state) == "valid" {
                return Ok(state);
            }
            if start.elapsed() > PATIENCE {
                return Err(Error::request(
                    format!("the ACME server has not decided about {what} for a minute"),
                    "try again later; nothing was written",
                ));
            }
            pause = LONGEST_WAIT.min(pause + 1);
            sleep(Duration::from_secs(wait(&reply, pause)));
        }
    }
}

/// Returns the seconds to wait before the next question (§7.5.1).
fn wait(reply: &Reply, usual: u64) -> u64 {
    reply.retry_after.map_or(usual, |seconds| seconds.clamp(1, LONGEST_WAIT))
}

/// Returns an error if the server has refused this object. The error is in it, or in one of its challenges.
fn check(what: &str, state: &Value) -> Result<(), Error> {
    if status(state) != "invalid" {
        return Ok(());
    }
    let challenges = state.get("challenges").and_then(Value::as_array).into_iter().flatten();
    let error = std::iter::once(state).chain(challenges).find_map(|object| object.get("error"));
    Err(problem::refused(what, 200, error.unwrap_or(&Value::Null)))
}

fn status(object: &Value) -> &str {
    text(object, "status")
}

fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object.get(field).and_then(Value::as_str).unwrap_or_default()
}
