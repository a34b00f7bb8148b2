//! A session with an ACME server: the directory, the account, and signed requests (RFC 8555 §6, §7.1, §7.3). The crate instant-acme
//! carries the challenge, but takes the account key only as a private key in PKCS#8, and this one is in the TPM.

use serde_json::{Value, json};

use super::account::Account;
use super::http::{Http, Reply};
use super::{jws, problem};
use crate::error::Error;
use crate::interrupt::Deferred;

/// How often a request is sent if the server refuses its nonce (§6.5).
const TRIES: usize = 5;

/// The session.
pub(super) struct Acme<'a> {
    http: Http,
    account: &'a Account,
    deferred: &'a Deferred,
    directory: Value,
    /// The URL of the account.
    kid: Option<String>,
    /// The nonce of the last response.
    nonce: Option<String>,
}

impl<'a> Acme<'a> {
    /// Reads the directory, and registers the account or finds it.
    ///
    /// # Errors
    /// The server cannot be reached, is no ACME server, or refuses the account.
    pub(super) fn open(
        http: Http,
        directory: &str,
        account: &'a Account,
        deferred: &'a Deferred,
    ) -> Result<Self, Error> {
        let reply = http.get(directory)?;
        deferred.check()?;
        if reply.status != 200 {
            return Err(problem::refused("its directory", reply.status, &reply.json()));
        }
        let directory = reply.json();
        let mut acme = Self { http, account, deferred, directory, kid: None, nonce: None };
        let url = acme.resource("newAccount")?;
        let reply = acme.post("the account", &url, Some(&json!({ "termsOfServiceAgreed": true })))?;
        acme.kid = Some(reply.location.ok_or_else(|| problem::incomplete("an account", "its URL"))?);
        Ok(acme)
    }

    /// Returns the URL of a resource of the directory.
    ///
    /// # Errors
    /// The directory has no such resource.
    pub(super) fn resource(&self, name: &str) -> Result<String, Error> {
        let url = self.directory.get(name).and_then(Value::as_str);
        url.map(str::to_owned).ok_or_else(|| problem::incomplete("a directory", name))
    }

    /// Returns the key authorization of a token (§8.1).
    pub(super) fn key_authorization(&self, token: &str) -> String {
        format!("{token}.{}", self.account.thumbprint())
    }

    /// Sends a signed request, and returns a response that is no error. `what` is what is requested.
    ///
    /// # Errors
    /// The server cannot be reached or refuses the request, the TPM cannot sign it, or a signal was received.
    pub(super) fn post(&mut self, what: &str, url: &str, payload: Option<&Value>) -> Result<Reply, Error> {
        let mut tries = 1;
        loop {
            let nonce = match self.nonce.take() {
                Some(nonce) => nonce,
                None => self.new_nonce()?,
            };
            let request = jws::signed(self.account, self.kid.as_deref(), (url, &nonce), payload)?;
            let reply = self.http.post(url, &request)?;
            self.deferred.check()?;
            self.nonce.clone_from(&reply.nonce);
            if reply.status < 400 {
                return Ok(reply);
            }
            let document = reply.json();
            if problem::kind(&document) != "badNonce" || tries == TRIES {
                return Err(problem::refused(what, reply.status, &document));
            }
            tries += 1;
        }
    }

    fn new_nonce(&self) -> Result<String, Error> {
        let reply = self.http.head(&self.resource("newNonce")?)?;
        self.deferred.check()?;
        reply.nonce.ok_or_else(|| problem::incomplete("a nonce", "the header Replay-Nonce"))
    }
}
