//! A book of chips: each page makes another TPM of a swtpm, by rules for a proxy in front of it.
//!
//! A rule refuses what the chip lacks, or alters answers that no session protects; what an HMAC covers stays as it is.
//!
//! | file | what |
//! |---|---|
//! | `book` | the pages |
//! | `rsa` | the bare RSA operation, sizes |
//! | `algorithm` | algorithms that are not there |
//! | `room` | little room for sessions, objects, NV memory |
//! | `habit` | commands that are not there, slow ones, odd answers |
//! | `list` | the answers of TPM2_GetCapability |
//! | `parameters` | where a command names what it wants |

mod algorithm;
mod book;
mod habit;
mod list;
mod parameters;
mod room;
mod rsa;

use crate::Swtpm;
use crate::tamper::Fate;

pub use book::BOOK;

/// A page: the name and how the chip differs.
pub struct Chip {
    /// A short name.
    pub name: &'static str,
    /// What is different, in the words of the table.
    pub what: &'static str,
    prepare: fn(&Swtpm),
    make: fn(u16) -> Rules,
}

impl Chip {
    /// Makes what no rule can: call it before the first program.
    pub fn prepare(&self, tpm: &Swtpm) {
        (self.prepare)(tpm);
    }

    /// The rules that make this chip of the TPM on a port.
    #[must_use]
    pub fn rules(&self, tpm: u16) -> Rules {
        (self.make)(tpm)
    }
}

/// What a chip does to each command and each answer.
#[derive(Default)]
pub struct Rules {
    commands: Vec<CommandRule>,
    responses: Vec<ResponseRule>,
}

type CommandRule = Box<dyn FnMut(&[u8]) -> Option<Vec<u8>> + Send>;
type ResponseRule = Box<dyn FnMut(&[u8], &mut Vec<u8>) + Send>;

impl Rules {
    /// A rule for commands: an answer, or none for one that the TPM gets.
    #[must_use]
    pub fn command(mut self, rule: impl FnMut(&[u8]) -> Option<Vec<u8>> + Send + 'static) -> Self {
        self.commands.push(Box::new(rule));
        self
    }

    /// A rule for successful answers, which may be changed in place.
    #[must_use]
    pub fn response(mut self, rule: impl FnMut(&[u8], &mut Vec<u8>) + Send + 'static) -> Self {
        self.responses.push(Box::new(rule));
        self
    }

    /// All rules of both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.commands.extend(other.commands);
        self.responses.extend(other.responses);
        self
    }

    /// What becomes of a command.
    pub(crate) fn on_command(&mut self, command: &[u8]) -> Fate {
        self.commands.iter_mut().find_map(|rule| rule(command)).map_or(Fate::Pass, Fate::Answer)
    }

    /// What becomes of an answer.
    pub(crate) fn on_response(&mut self, command: &[u8], response: &mut Vec<u8>) -> Fate {
        if crate::raw::code(response) == 0 {
            self.responses.iter_mut().for_each(|rule| rule(command, response));
        }
        Fate::Pass
    }
}
