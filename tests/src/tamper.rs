//! How a proxy changes commands and responses: any closure, and functions for the usual changes.
use std::time::Duration;

use crate::layout;
use crate::raw::{answer as response, code};

/// The result of a rule for a command or response, which the rule may also have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is passed on.
    Pass,
    /// The client receives these bytes instead. A command with this result never reaches the TPM.
    Answer(Vec<u8>),
    /// The client's connection is closed without a response.
    HangUp,
}

type OnCommand = Box<dyn FnMut(&mut Vec<u8>) -> Fate + Send>;
type OnResponse = Box<dyn FnMut(&[u8], &mut Vec<u8>) -> Fate + Send>;

/// The current rules.
#[derive(Default)]
pub(crate) struct Tamper {
    pub(crate) on_command: Option<OnCommand>,
    pub(crate) on_response: Option<OnResponse>,
}

impl Tamper {
    /// Passes one command through the rules; `None` closes the connection.
    pub(crate) fn exchange(
        &mut self,
        command: &[u8],
        send: impl FnOnce(&[u8]) -> Option<Vec<u8>>,
    ) -> Option<Vec<u8>> {
        let mut sent = command.to_vec();
        match self.on_command.as_mut().map_or(Fate::Pass, |rule| rule(&mut sent)) {
            Fate::Pass => {}
            Fate::Answer(bytes) => return Some(bytes),
            Fate::HangUp => return None,
        }
        let mut response = send(&sent)?;
        match self.on_response.as_mut().map_or(Fate::Pass, |rule| rule(command, &mut response)) {
            Fate::Pass => Some(response),
            Fate::Answer(bytes) => Some(bytes),
            Fate::HangUp => None,
        }
    }
}

/// Returns a rule for commands: the next `times` commands with this code get a response code and never reach the TPM.
pub fn answer(
    command: u32,
    response_code: u32,
    times: usize,
) -> impl FnMut(&mut Vec<u8>) -> Fate + Send + use<> {
    let mut left = times;
    move |sent| {
        if code(sent) != command || left == 0 {
            return Fate::Pass;
        }
        left -= 1;
        Fate::Answer(response(response_code))
    }
}

/// Returns a rule for commands: each command with this code is delayed.
pub fn delay(command: u32, time: Duration) -> impl FnMut(&mut Vec<u8>) -> Fate + Send + use<> {
    move |sent| {
        if code(sent) == command {
            std::thread::sleep(time);
        }
        Fate::Pass
    }
}

/// Returns a rule for responses: flips one bit (counted from the most significant of the first byte) of the `nth` response (from 0) to the
/// command. A position past the end wraps around.
pub fn flip_bit(
    command: u32,
    nth: usize,
    bit: usize,
) -> impl FnMut(&[u8], &mut Vec<u8>) -> Fate + Send + use<> {
    let mut seen = 0;
    move |sent, response| {
        if code(sent) == command {
            if seen == nth {
                let at = bit % (response.len() * 8);
                response[at / 8] ^= 0x80 >> (at % 8);
            }
            seen += 1;
        }
        Fate::Pass
    }
}

/// Returns a rule for responses: replaces the TPM's nonces in responses to the command.
pub fn replace_nonces(command: u32) -> impl FnMut(&[u8], &mut Vec<u8>) -> Fate + Send + use<> {
    move |sent, response| {
        if code(sent) == command {
            for nonce in layout::nonces(sent, response) {
                response[nonce].fill(0xA5);
            }
        }
        Fate::Pass
    }
}

/// Returns a rule for responses: the connection breaks after the TPM has run the command, `times` times.
pub fn hang_up(command: u32, times: usize) -> impl FnMut(&[u8], &mut Vec<u8>) -> Fate + Send + use<> {
    let mut left = times;
    move |sent, _| {
        if code(sent) != command || left == 0 {
            return Fate::Pass;
        }
        left -= 1;
        Fate::HangUp
    }
}
