//! Objects and sessions at unknown handles: the answer with the handle was lost or damaged.

use keyfile::wire::{Reader, Unmarshal};
use keyfile::{CommandCode, Handle, Name, Public};

use crate::command::object::read_public;
use crate::command::{Command, Run};
use crate::error::{Error, ErrorKind};
use crate::rc::ResponseCode;
use crate::template::matches_template;

/// A lost object or session, and how to recognize it.
pub(super) enum Lost {
    /// A session: sessions cannot be distinguished.
    Session,
    /// A sequence, which has no Name.
    Sequence,
    /// An object with one of these Names.
    Object(Vec<Name>),
    /// A primary key whose Name is not known yet, with its template.
    Primary(Box<Public>),
}

impl Lost {
    /// Returns what the command makes. A saved context belongs to one of the objects in `saved`.
    pub(super) fn of(command: &Command<'_>, saved: impl FnOnce() -> Vec<Name>) -> Self {
        let public = || {
            let mut r = Reader::new(command.parameters);
            r.sized().ok()?;
            Public::from_bytes(r.sized().ok()?).ok()
        };
        let named =
            |public: Option<Public>| Self::Object(public.and_then(|p| p.name().ok()).into_iter().collect());
        match command.code {
            CommandCode::START_AUTH_SESSION => Self::Session,
            CommandCode::HASH_SEQUENCE_START => Self::Sequence,
            CommandCode::CONTEXT_LOAD => Self::Object(saved()),
            CommandCode::CREATE_PRIMARY => match public() {
                Some(template) => Self::Primary(Box::new(template)),
                None => Self::Object(Vec::new()),
            },
            _ => named(public()),
        }
    }

    /// Returns true for a session.
    pub(super) fn is_session(&self) -> bool {
        matches!(self, Self::Session)
    }

    /// Returns true if the found object is this one.
    fn matches(&self, found: &Found) -> bool {
        match (self, found) {
            (Self::Sequence, Found::Sequence) => true,
            (Self::Object(names), Found::Object(_, name)) => names.contains(name),
            (Self::Primary(template), Found::Object(public, _)) => matches_template(public, template),
            _ => false,
        }
    }
}

/// Returns true for the handle of an HMAC or policy session (Part 2 §7.2).
pub(super) fn is_session(handle: Handle) -> bool {
    matches!(handle.kind(), 0x02 | 0x03)
}

/// Returns true if one of the lost objects is at the handle.
pub(super) fn is_lost_object(lost: &[Lost], run: &mut dyn Run, handle: Handle) -> Result<bool, Error> {
    let found = match read_public(run, handle) {
        Ok((public, name)) => Found::Object(Box::new(public), name),
        Err(error) if error.base_code() == Some(ResponseCode::SEQUENCE) => Found::Sequence,
        // The object is gone meanwhile, or of an unsupported type.
        Err(error) if matches!(error.kind(), ErrorKind::NoObject | ErrorKind::Integrity) => return Ok(false),
        Err(error) => return Err(error),
    };
    Ok(lost.iter().any(|lost| lost.matches(&found)))
}

enum Found {
    Sequence,
    Object(Box<Public>, Name),
}
