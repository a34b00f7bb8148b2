//! What a proxy does to commands and responses: any closure, and the usual ones ready made.
use std::time::Duration;

use crate::layout;
use crate::raw::{answer as response, code};

/// What becomes of a command or response that a rule has looked at (and may have changed).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes on its way.
    Pass,
    /// The client gets these bytes instead; a command so answered never reaches the TPM.
    Answer(Vec<u8>),
    /// The client's connection is closed without an answer.
    HangUp,
}

type OnCommand = Box<dyn FnMut(&mut Vec<u8>) -> Fate + Send>;
type OnResponse = Box<dyn FnMut(&[u8], &mut Vec<u8>) -> Fate + Send>;

/// The rules in force.
#[derive(Default)]
pub(crate) struct Tamper {
    pub(crate) on_command: Option<OnCommand>,
    pub(crate) on_response: Option<OnResponse>,
}

impl Tamper {
    /// One command through the rules; `None`: hang up.
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

/// A rule for commands: the next `times` commands of this code get a response code and never reach the TPM.
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

/// A rule for commands: this long before each one of the code.
pub fn delay(command: u32, time: Duration) -> impl FnMut(&mut Vec<u8>) -> Fate + Send + use<> {
    move |sent| {
        if code(sent) == command {
            std::thread::sleep(time);
        }
        Fate::Pass
    }
}

/// A rule for responses: flips one bit (counted from the first byte's most significant) of the `nth` response (from 0)
/// to the command; one past the end counts from the beginning again.
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

/// A rule for responses: the TPM's nonces in responses to the command are replaced by others.
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

/// A rule for responses: after the TPM has done the command, the connection breaks, `times` times.
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
