//! Emulated chips: each turns a swtpm into another TPM, by rules for a proxy in front of it.
//!
//! A rule refuses what the chip lacks, or changes responses that no session protects. Responses with an HMAC are not changed.
//!
//! | file | what |
//! |---|---|
//! | `book` | all chips |
//! | `rsa` | the raw RSA operation, key sizes |
//! | `algorithm` | missing algorithms |
//! | `room` | limits for sessions, objects and NV memory |
//! | `habit` | missing and slow commands, unusual responses |
//! | `list` | the responses of TPM2_GetCapability |

mod algorithm;
mod book;
mod habit;
mod list;
mod room;
mod rsa;

use crate::Swtpm;
use crate::tamper::Fate;

pub use book::BOOK;

/// A chip: its name and how it differs from a swtpm.
pub struct Chip {
    /// A short name.
    pub name: &'static str,
    /// The difference, in words.
    pub what: &'static str,
    prepare: fn(&Swtpm),
    make: fn(u16) -> Rules,
}

impl Chip {
    /// Prepares the TPM for differences that no rule can emulate. Call it before the first program runs.
    pub fn prepare(&self, tpm: &Swtpm) {
        (self.prepare)(tpm);
    }

    /// Returns the rules that emulate this chip with the TPM on a port.
    #[must_use]
    pub fn rules(&self, tpm: u16) -> Rules {
        (self.make)(tpm)
    }
}

/// How a chip changes each command and each response.
#[derive(Default)]
pub struct Rules {
    commands: Vec<CommandRule>,
    responses: Vec<ResponseRule>,
}

type CommandRule = Box<dyn FnMut(&[u8]) -> Option<Vec<u8>> + Send>;
type ResponseRule = Box<dyn FnMut(&[u8], &mut Vec<u8>) + Send>;

impl Rules {
    /// Adds a rule for commands, which returns a response, or `None` to pass the command to the TPM.
    #[must_use]
    pub fn command(mut self, rule: impl FnMut(&[u8]) -> Option<Vec<u8>> + Send + 'static) -> Self {
        self.commands.push(Box::new(rule));
        self
    }

    /// Adds a rule for successful responses, which may change them in place.
    #[must_use]
    pub fn response(mut self, rule: impl FnMut(&[u8], &mut Vec<u8>) + Send + 'static) -> Self {
        self.responses.push(Box::new(rule));
        self
    }

    /// Combines the rules of both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.commands.extend(other.commands);
        self.responses.extend(other.responses);
        self
    }

    /// Applies the rules to a command.
    pub(crate) fn on_command(&mut self, command: &[u8]) -> Fate {
        self.commands.iter_mut().find_map(|rule| rule(command)).map_or(Fate::Pass, Fate::Answer)
    }

    /// Applies the rules to a response.
    pub(crate) fn on_response(&mut self, command: &[u8], response: &mut Vec<u8>) -> Fate {
        if crate::raw::code(response) == 0 {
            self.responses.iter_mut().for_each(|rule| rule(command, response));
        }
        Fate::Pass
    }
}
