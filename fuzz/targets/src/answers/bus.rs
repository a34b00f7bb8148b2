//! A transport whose answers follow a script: a recorded answer of a real TPM, intact or damaged, or arbitrary bytes.

use std::sync::{Arc, Mutex, PoisonError};

use tpm::{Error, ErrorKind, Transport};

use super::record::recorded;

/// No operation needs this many commands.
const MOST: usize = 400;

/// The rest of the script.
pub(super) struct Script {
    bytes: Vec<u8>,
    next: usize,
    commands: usize,
    waits: bool,
}

impl Script {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), next: 0, commands: 0, waits: true }
    }

    pub(super) fn another_operation(&mut self) {
        self.commands = 0;
    }

    /// Returns the next byte, and zeros at the end: with a script that is too short, the operation continues with intact answers.
    fn byte(&mut self) -> u8 {
        let byte = self.bytes.get(self.next).copied().unwrap_or(0);
        self.next += 1;
        byte
    }

    fn size(&mut self) -> usize {
        usize::from(u16::from_be_bytes([self.byte(), self.byte()]))
    }

    fn answer(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), Error> {
        self.commands += 1;
        assert!(self.commands <= MOST, "the operation does not end");
        response.clear();
        match self.byte() {
            how @ 0..=199 => {
                let answers = recorded().answers(command);
                let Some(answer) = answers.get(usize::from(self.byte()) % answers.len().max(1)) else {
                    // TPM_RC_COMMAND_CODE
                    return failure(response, 0x143);
                };
                response.extend_from_slice(answer);
                for _ in 0..how.saturating_sub(80) / 24 {
                    self.damage(response);
                }
            }
            200..=227 => {
                // A success response with a valid header and any contents.
                let size = self.size() % 4086;
                let contents: Vec<u8> = (0..size).map(|_| self.byte()).collect();
                response.extend_from_slice(&command[..2]);
                response.extend_from_slice(&[0; 8]);
                response.extend(contents);
                sized(response);
            }
            228..=247 => {
                let code = u16::from_be_bytes([self.byte() & 0x0f, self.byte()]);
                return failure(response, self.without_waiting(code));
            }
            248..=252 => {
                let size = self.byte();
                response.extend((0..size).map(|_| self.byte()));
            }
            _ => return Err(Error::new(ErrorKind::Io, "the connection broke")),
        }
        Ok(())
    }

    fn damage(&mut self, response: &mut Vec<u8>) {
        let (offset, value, how) = (self.size(), self.byte(), self.byte());
        let at = 6 + offset % (response.len() - 6).max(1);
        match how % 5 {
            0 if at < response.len() => response[at] = value,
            1 if at < response.len() => response[at] ^= value,
            2 if at < response.len() => drop(response.remove(at)),
            3 if at < response.len() => response.insert(at, value),
            _ => response.truncate(at.max(10)),
        }
        response.resize(response.len().max(10), 0);
        sized(response);
    }

    /// Allows one error per run after which the caller waits (TPM_RC_RETRY and similar, and full memories), and replaces the others.
    fn without_waiting(&mut self, code: u16) -> u16 {
        let waits = matches!(code, 0x900..=0x906 | 0x908 | 0x90a | 0x920 | 0x922);
        if waits && !std::mem::take(&mut self.waits) { 0x101 } else { code }
    }
}

fn failure(response: &mut Vec<u8>, code: u16) -> Result<(), Error> {
    response.extend_from_slice(&[0x80, 1, 0, 0, 0, 10, 0, 0]);
    response.extend_from_slice(&code.to_be_bytes());
    Ok(())
}

/// Writes the size into the header (Part 1 §18).
fn sized(response: &mut [u8]) {
    let size = u32::try_from(response.len()).expect("a short response");
    response[2..6].copy_from_slice(&size.to_be_bytes());
}

/// One connection.
pub(super) struct Bus {
    pub(super) script: Arc<Mutex<Script>>,
    pub(super) kernel: bool,
    pub(super) shared: bool,
    pub(super) simulator: bool,
}

impl Transport for Bus {
    fn transact(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), Error> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).answer(command, response)
    }

    fn is_managed_by_kernel(&self) -> bool {
        self.kernel
    }

    fn is_shared(&self) -> bool {
        self.shared
    }

    fn is_simulator(&self) -> bool {
        self.simulator
    }

    fn forget(self: Box<Self>) {}
}
