//! One command and its answer, as the executor takes and returns them.

use keyfile::wire::{Reader, WireError};
use keyfile::{CommandCode, Handle, Name};

use crate::error::{Error, ErrorKind};
use crate::rc::ResponseCode;

/// Bytes of tag, size and code.
pub(super) const HEADER: usize = 10;

/// One command, without what authorizes it.
pub(crate) struct Command<'a> {
    pub(crate) code: CommandCode,
    pub(crate) handles: &'a [Entity<'a>],
    pub(crate) parameters: &'a [u8],
    /// True if the answer begins with a handle.
    pub(crate) makes_handle: bool,
}

/// A handle, and the Name that binds a command to the entity at that handle.
#[derive(Clone, Copy)]
pub(crate) struct Entity<'a> {
    pub(crate) handle: Handle,
    /// None if the handle is its own Name (Part 1 §16).
    pub(crate) name: Option<&'a Name>,
}

/// The answer to a command.
pub(crate) struct Response<'a> {
    pub(crate) handle: Handle,
    pub(crate) parameters: &'a [u8],
}

impl<'a> Entity<'a> {
    /// Returns the entity of a hierarchy, a session or a PCR.
    pub(crate) fn plain(handle: Handle) -> Self {
        Self { handle, name: None }
    }

    /// Returns the entity of an object.
    pub(crate) fn named(handle: Handle, name: &'a Name) -> Self {
        Self { handle, name: Some(name) }
    }
}

/// Returns the code of a complete answer. An answer without a header is an error, as after a broken connection. A refusal consists of
/// a header only (Part 1 §18); a longer one is a damaged success.
pub(super) fn response_code(response: &[u8]) -> Result<ResponseCode, Error> {
    let header = || {
        let mut r = Reader::new(response);
        let (_tag, size, code) = (r.u16()?, r.u32()?, r.u32()?);
        Ok::<_, WireError>((usize::try_from(size).unwrap_or(usize::MAX), ResponseCode(code)))
    };
    match header() {
        Ok((size, code)) if size == response.len() && (code.is_success() || size == HEADER) => Ok(code),
        Ok((size, _)) if size == response.len() => {
            Err(Error::new(ErrorKind::Io, "the TPM's answer was damaged in transit"))
        }
        _ => Err(Error::new(ErrorKind::Io, "the TPM's answer is truncated")),
    }
}

/// Checks that both Names are the same.
pub(crate) fn same(expected: &Name, found: &Name) -> Result<(), Error> {
    match expected == found {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::Integrity,
            format!("the object has the Name {found} instead of {expected}"),
        )),
    }
}
