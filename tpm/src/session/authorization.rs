//! How one command uses a session, and the encoding of that (TPM 2.0 Part 2 §10.13.2).

use keyfile::Handle;

use super::Session;
use crate::error::{Error, ErrorKind};
use crypto::random;

/// The authorization of one handle of a command, or the protection of its parameters.
pub(crate) enum Authorization<'a> {
    /// The authValue itself, in the clear.
    Password(&'a [u8]),
    /// A session.
    Session(&'a mut Session, Use<'a>),
}

/// How one command uses a session.
#[derive(Clone, Copy)]
pub(crate) struct Use<'a> {
    /// The authValue of the handle that the session authorizes; empty if it only protects.
    pub(crate) auth: &'a [u8],
    /// Encrypts the first parameter of the command.
    pub(crate) decrypt: bool,
    /// The TPM encrypts the first parameter of the answer.
    pub(crate) encrypt: bool,
    /// The TPM authenticates its answer in a session that authorizes no handle (Part 1 §19.6.3).
    pub(crate) audit: bool,
    /// Keeps the session; otherwise the TPM ends it after a successful command.
    pub(crate) keep: bool,
}

/// TPMA_SESSION (Part 2 §8.4).
pub(super) const CONTINUE: u8 = 0x01;
const DECRYPT: u8 = 0x20;
const ENCRYPT: u8 = 0x40;
const AUDIT: u8 = 0x80;

impl Use<'_> {
    /// Only authenticates the answer.
    pub(crate) const AUDIT: Self = Use { auth: &[], decrypt: false, encrypt: false, audit: true, keep: true };

    /// Encrypts and authenticates the answer, in a session that authorizes no handle.
    pub(crate) const SECRET: Self =
        Use { auth: &[], decrypt: false, encrypt: true, audit: false, keep: true };

    pub(super) fn attributes(self) -> u8 {
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        bit(self.keep, CONTINUE)
            | bit(self.decrypt, DECRYPT)
            | bit(self.encrypt, ENCRYPT)
            | bit(self.audit, AUDIT)
    }
}

impl Authorization<'_> {
    /// Returns true if the session may be out of step with the TPM.
    pub(crate) fn is_distrusted(&self) -> bool {
        matches!(self, Self::Session(session, _) if session.is_distrusted())
    }

    /// Records that the TPM has refused a command with this authorization.
    pub(crate) fn note_refusal(&mut self) {
        if let Self::Session(session, _) = self {
            session.refused = true;
        }
    }

    /// Records that the session may be out of step with the TPM.
    pub(crate) fn distrust(&mut self) {
        if let Self::Session(session, _) = self {
            session.distrust();
        }
    }

    /// Writes one authorization with space for its HMAC, and returns the position of the HMAC.
    pub(super) fn write(&mut self, command: &mut Vec<u8>) -> Result<usize, Error> {
        match self {
            Self::Password(auth) => {
                command.extend_from_slice(&Handle::PW.0.to_be_bytes());
                command.extend_from_slice(&[0, 0, CONTINUE]);
                sized(command, auth)?;
                Ok(command.len())
            }
            Self::Session(session, how) => {
                random::fill(&mut session.nonce_caller)?;
                command.extend_from_slice(&session.handle.0.to_be_bytes());
                sized(command, &session.nonce_caller)?;
                command.push(how.attributes());
                let size = if session.has_hmac(how.auth) { session.hash.size() } else { 0 };
                sized(command, [0_u8; 64].get(..size).unwrap_or_default())?;
                Ok(command.len().saturating_sub(size))
            }
        }
    }
}

fn sized(command: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Error> {
    let size = u16::try_from(bytes.len()).map_err(|_| too_long())?;
    command.extend_from_slice(&size.to_be_bytes());
    command.extend_from_slice(bytes);
    Ok(())
}

pub(super) fn too_long() -> Error {
    Error::new(ErrorKind::Input, "a command would be longer than any TPM takes")
}
