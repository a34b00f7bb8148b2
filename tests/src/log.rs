//! The traffic of a bus: every command and response, as bytes.
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use crate::layout;
use crate::raw::code;

/// One command and the response that the client received.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The number of the connection, from 0.
    pub connection: usize,
    /// When the command was answered.
    pub at: Instant,
    /// The command that the client sent.
    pub command: Vec<u8>,
    /// The response that the client received; empty if there was none.
    pub response: Vec<u8>,
}

impl Exchange {
    /// Returns the command code.
    #[must_use]
    pub fn code(&self) -> u32 {
        code(&self.command)
    }

    /// Returns the response code; `None` if there was no response.
    #[must_use]
    pub fn response_code(&self) -> Option<u32> {
        (!self.response.is_empty()).then(|| code(&self.response))
    }
}

/// A log that several connections write and a test reads.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<Exchange>>>);

impl Log {
    /// Returns all exchanges so far, in the order of the responses.
    #[must_use]
    pub fn all(&self) -> Vec<Exchange> {
        self.lock().clone()
    }

    /// Returns how many commands there were.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Returns true if there was no command.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Returns the command codes in order.
    #[must_use]
    pub fn codes(&self) -> Vec<u32> {
        self.lock().iter().map(Exchange::code).collect()
    }

    /// Returns how often the command was sent.
    #[must_use]
    pub fn count(&self, command: u32) -> usize {
        self.lock().iter().filter(|e| e.code() == command).count()
    }

    /// Returns how often each command was sent.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<u32, usize> {
        self.codes().into_iter().fold(BTreeMap::new(), |mut counts, code| {
            *counts.entry(code).or_default() += 1;
            counts
        })
    }

    /// Returns how many connections sent a command.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.lock().iter().map(|e| e.connection).collect::<std::collections::BTreeSet<_>>().len()
    }

    /// Returns true if a command or response contains the bytes.
    #[must_use]
    pub fn contains(&self, bytes: &[u8]) -> bool {
        let holds = |message: &[u8]| message.windows(bytes.len()).any(|window| window == bytes);
        self.lock().iter().any(|e| holds(&e.command) || holds(&e.response))
    }

    /// Returns the commands that used a private key (Sign, RSA_Decrypt, ECDH_ZGen, Unseal) without an HMAC session.
    #[must_use]
    pub fn unprotected(&self) -> Vec<Exchange> {
        let private = [crate::raw::SIGN, crate::raw::RSA_DECRYPT, crate::raw::ECDH_ZGEN, crate::raw::UNSEAL];
        let hmac =
            |e: &Exchange| layout::authorizations(&e.command).iter().any(layout::Authorization::is_hmac);
        self.all().into_iter().filter(|e| private.contains(&e.code()) && !hmac(e)).collect()
    }

    /// Empties the log.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// Returns one line per exchange, for a failure's message.
    #[must_use]
    pub fn text(&self) -> String {
        self.lock().iter().fold(String::new(), |mut text, e| {
            let answer = e.response_code().map_or("no answer".to_owned(), |c| format!("{c:#x}"));
            let _ =
                writeln!(text, "#{} {:#x} {} -> {answer}", e.connection, e.code(), hex::encode(&e.command));
            text
        })
    }

    pub(crate) fn add(&self, connection: usize, command: Vec<u8>, response: Vec<u8>) {
        self.lock().push(Exchange { connection, at: Instant::now(), command, response });
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Exchange>> {
        self.0.lock().expect("the log")
    }
}
