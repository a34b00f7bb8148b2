//! One command and its answer, as the executor takes and gives them.

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
    /// Whether the answer begins with a handle.
    pub(crate) makes_handle: bool,
}

/// A handle, and the Name that binds a command to what is behind it.
#[derive(Clone, Copy)]
pub(crate) struct Entity<'a> {
    pub(crate) handle: Handle,
    /// None where the handle is its own Name (Part 1 §16).
    pub(crate) name: Option<&'a Name>,
}

/// The answer to a command.
pub(crate) struct Response<'a> {
    pub(crate) handle: Handle,
    pub(crate) parameters: &'a [u8],
}

impl<'a> Entity<'a> {
    /// A hierarchy, a session, a PCR.
    pub(crate) fn plain(handle: Handle) -> Self {
        Self { handle, name: None }
    }

    /// An object.
    pub(crate) fn named(handle: Handle, name: &'a Name) -> Self {
        Self { handle, name: Some(name) }
    }
}

/// The code of an answer that is whole. One without a header is none: so a broken connection shows, too. A refusal is a header and nothing
/// else (Part 1 §18): one with more to it was a success until it was damaged.
pub(super) fn response_code(response: &[u8]) -> Result<ResponseCode, Error> {
    let header = || {
        let mut r = Reader::new(response);
        let (_tag, size, code) = (r.u16()?, r.u32()?, r.u32()?);
        Ok::<_, WireError>((usize::try_from(size).unwrap_or(usize::MAX), ResponseCode(code)))
    };
    match header() {
        Ok((size, code)) if size == response.len() && (code.is_success() || size == HEADER) => Ok(code),
        Ok((size, _)) if size == response.len() => {
            Err(Error::new(ErrorKind::Io, "the TPM's answer was damaged on its way"))
        }
        _ => Err(Error::new(ErrorKind::Io, "the TPM's answer is cut short")),
    }
}

/// Compares what should be one Name.
pub(crate) fn same(expected: &Name, found: &Name) -> Result<(), Error> {
    match expected == found {
        true => Ok(()),
        false => Err(Error::new(ErrorKind::Integrity, format!("the object is not {expected}, but {found}"))),
    }
}
