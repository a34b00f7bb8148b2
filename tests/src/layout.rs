//! The positions of handles, authorizations and nonces in commands and responses (TPM 2.0 Library, Part 1 §16–19).
use std::ops::Range;

use crate::raw::{START_AUTH_SESSION, code, u32_at};

/// Returns how many handles precede the authorizations of a command (Part 3; swtpm's TPM_CAP_COMMANDS agrees).
#[must_use]
pub fn command_handles(code: u32) -> usize {
    match code {
        0x142..=0x146 | 0x161 | 0x165 | 0x167 | 0x178 | 0x17A..=0x17E | 0x181 | 0x186 | 0x18A | 0x18E => 0,
        0x11F | 0x120 | 0x122 | 0x133..=0x138 | 0x147 | 0x148 | 0x14A..=0x14C | 0x14E..=0x152 => 2,
        0x160 | 0x176 | 0x185 | 0x197 => 2,
        0x149 | 0x14D | 0x184 | 0x192 => 3,
        _ => 1,
    }
}

/// Returns true if the response to the command begins with a handle.
#[must_use]
pub fn returns_handle(code: u32) -> bool {
    matches!(code, 0x131 | 0x157 | 0x15B | 0x161 | 0x167 | 0x176 | 0x186 | 0x191)
}

/// One authorization of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// The session's handle; TPM_RS_PW (0x40000009) for a password in the clear.
    pub session: u32,
    /// TPMA_SESSION: 1 continueSession, 0x20 decrypt, 0x40 encrypt.
    pub attributes: u8,
    /// The HMAC or the password.
    pub hmac: Vec<u8>,
}

impl Authorization {
    /// Returns true for an HMAC session, false for a password.
    #[must_use]
    pub fn is_hmac(&self) -> bool {
        self.session >> 24 == 0x02 && !self.hmac.is_empty()
    }
}

/// Returns the handles of a command.
#[must_use]
pub fn handles(command: &[u8]) -> Vec<u32> {
    (0..command_handles(code(command))).map(|i| u32_at(command, 10 + 4 * i)).collect()
}

/// Returns the authorizations of a command; empty without sessions.
///
/// # Panics
/// If the command is cut off.
#[must_use]
pub fn authorizations(command: &[u8]) -> Vec<Authorization> {
    if !command.starts_with(&[0x80, 0x02]) {
        return Vec::new();
    }
    let mut at = 10 + 4 * command_handles(code(command));
    let end = at + 4 + usize::try_from(u32_at(command, at)).expect("a size");
    at += 4;
    let mut found = Vec::new();
    while at < end {
        let session = u32_at(command, at);
        let nonce = sized(command, at + 4);
        let hmac = sized(command, nonce.end + 1);
        found.push(Authorization {
            session,
            attributes: command[nonce.end],
            hmac: command[hmac.clone()].to_vec(),
        });
        at = hmac.end;
    }
    found
}

/// Returns the positions of the TPM's nonces in a response to the command.
#[must_use]
pub fn nonces(command: &[u8], response: &[u8]) -> Vec<Range<usize>> {
    if code(response) != 0 {
        return Vec::new();
    }
    let start = if returns_handle(code(command)) { 14 } else { 10 };
    if code(command) == START_AUTH_SESSION {
        return vec![sized(response, start)];
    }
    if !response.starts_with(&[0x80, 0x02]) {
        return Vec::new();
    }
    let mut at = start + 4 + usize::try_from(u32_at(response, start)).expect("a size");
    let mut found = Vec::new();
    while at < response.len() {
        let nonce = sized(response, at);
        at = sized(response, nonce.end + 1).end;
        found.push(nonce);
    }
    found
}

/// Returns the position of the bytes of the TPM2B at `at`.
fn sized(message: &[u8], at: usize) -> Range<usize> {
    let size = usize::from(u16::from_be_bytes([message[at], message[at + 1]]));
    at + 2..at + 2 + size
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Swtpm;
    use crate::raw::{self, Tpm as _};

    #[test]
    fn table_matches_the_tpm() {
        // TPM_CAP_COMMANDS returns one TPMA_CC per command (Part 2 §8.9): bits 0:15 code, 25:27 handles, 28 response handle.
        let list = Swtpm::start().capability(2, 0);
        assert!(u32_at(&list, 0) > 80);
        for row in list[4..].chunks_exact(4).map(|row| u32_at(row, 0)) {
            let code = row & 0xFFFF;
            let expected = (usize::try_from(row >> 25 & 7).unwrap(), row >> 28 & 1 == 1);
            assert_eq!((command_handles(code), returns_handle(code)), expected, "command {code:#x}");
        }
    }

    #[test]
    fn authorizations_of_a_command_are_parsed() {
        let command = raw::command(raw::SIGN, &[0x8000_0000], &[b"pw", b""], &[0; 8]);
        let found = authorizations(&command);
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].session, found[0].hmac.as_slice(), found[0].is_hmac()),
            (0x4000_0009, &b"pw"[..], false)
        );
        assert_eq!(handles(&command), [0x8000_0000]);
    }

    #[test]
    fn nonce_of_a_new_session_is_found() {
        let tpm = Swtpm::start();
        let command =
            raw::command(START_AUTH_SESSION, &[raw::NULL, raw::NULL], &[], &raw::session_parameters());
        let response = tpm.transact(&command);
        assert_eq!(nonces(&command, &response), vec![16..32]);
        assert_eq!(response.len(), 32);
    }
}
