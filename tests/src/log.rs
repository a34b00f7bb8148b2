//! What went over a bus: every command and response, as bytes.
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use crate::layout;
use crate::raw::code;

/// One command and what came back to the client.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Which connection it came on; numbered from 0.
    pub connection: usize,
    /// When it was answered.
    pub at: Instant,
    /// The command as the client sent it.
    pub command: Vec<u8>,
    /// The response as the client got it; empty when it got none.
    pub response: Vec<u8>,
}

impl Exchange {
    /// The command code.
    #[must_use]
    pub fn code(&self) -> u32 {
        code(&self.command)
    }

    /// The response code; `None` when there was no response.
    #[must_use]
    pub fn response_code(&self) -> Option<u32> {
        (!self.response.is_empty()).then(|| code(&self.response))
    }
}

/// A log that several connections write and a test reads.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<Exchange>>>);

impl Log {
    /// Everything so far, in the order of the answers.
    #[must_use]
    pub fn all(&self) -> Vec<Exchange> {
        self.lock().clone()
    }

    /// How many commands there were.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether there was none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// The command codes in order.
    #[must_use]
    pub fn codes(&self) -> Vec<u32> {
        self.lock().iter().map(Exchange::code).collect()
    }

    /// How often the command was sent.
    #[must_use]
    pub fn count(&self, command: u32) -> usize {
        self.lock().iter().filter(|e| e.code() == command).count()
    }

    /// How often each command was sent.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<u32, usize> {
        self.codes().into_iter().fold(BTreeMap::new(), |mut counts, code| {
            *counts.entry(code).or_default() += 1;
            counts
        })
    }

    /// How many connections there were that sent something.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.lock().iter().map(|e| e.connection).collect::<std::collections::BTreeSet<_>>().len()
    }

    /// Whether the bytes stand anywhere in a command or response.
    #[must_use]
    pub fn contains(&self, bytes: &[u8]) -> bool {
        let holds = |message: &[u8]| message.windows(bytes.len()).any(|window| window == bytes);
        self.lock().iter().any(|e| holds(&e.command) || holds(&e.response))
    }

    /// Commands that used a private key (Sign, RSA_Decrypt, ECDH_ZGen, Unseal) without an HMAC session.
    #[must_use]
    pub fn unprotected(&self) -> Vec<Exchange> {
        let private = [crate::raw::SIGN, crate::raw::RSA_DECRYPT, crate::raw::ECDH_ZGEN, crate::raw::UNSEAL];
        let hmac =
            |e: &Exchange| layout::authorizations(&e.command).iter().any(layout::Authorization::is_hmac);
        self.all().into_iter().filter(|e| private.contains(&e.code()) && !hmac(e)).collect()
    }

    /// Begins anew.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// One line for each exchange, for a failure's message.
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
