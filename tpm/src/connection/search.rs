//! Searches for objects and sessions that the TPM may have made although the answer was lost.
//!
//! | situation | what is flushed |
//! |---|---|
//! | no other process uses the TPM | as many as were lost, if no more are found: objects with a lost Name or template; any sessions, because they cannot be distinguished |
//! | the kernel's resource manager | everything of ours, by a new connection |
//! | other processes use the same slots | nothing: they load the same keys and start sessions too |

use keyfile::Handle;

use super::handle_recorder::is_known;
use super::lost::{Lost, is_lost_object, is_session};
use super::{Connection, Transient};
use crate::command::capability::handles;
use crate::error::{Error, ErrorKind};

/// The first handles of loaded objects and of loaded sessions (Part 2 §7.2).
const OBJECTS: u32 = 0x8000_0000;
const SESSIONS: u32 = 0x0200_0000;

impl Connection {
    /// Flushes what was lost if it is found. Then it is not lost any more.
    pub(super) fn search(&mut self) -> Result<(), Error> {
        let mut lost = std::mem::take(&mut self.cleanup.lost);
        if self.rules.kernel {
            self.must_reconnect |= !lost.is_empty();
            return Ok(());
        }
        if self.rules.shared {
            return Ok(());
        }
        let searched = self.search_objects(&lost).and_then(|()| self.search_sessions(&lost));
        let Err(error) = searched else { return Ok(()) };
        self.cleanup.lost.append(&mut lost);
        match error.kind() {
            ErrorKind::Io => Err(error),
            // It is tried again next time.
            _ => Ok(()),
        }
    }

    /// Records a failure. What the operation has made without recording it, because the rest of the answer could not be read, is
    /// lost. What it has learned is forgotten, unless an answer was verified since.
    pub(super) fn note_failure(&mut self, failure: &Error) {
        if failure.is_remembered() || failure.is_being_tried() {
            return;
        }
        if failure.code().is_none() {
            for (handle, made) in std::mem::take(&mut self.cleanup.made) {
                match self.knows(handle) {
                    true => self.cleanup.made.push((handle, made)),
                    false => self.cleanup.lost.push(made),
                }
            }
        }
        for number in self.parents.forget_unconfirmed() {
            self.cleanup.slots.extend(self.slots.remove(Transient::Parent(number)));
        }
    }

    fn search_objects(&mut self, lost: &[Lost]) -> Result<(), Error> {
        let count = lost.iter().filter(|lost| !lost.is_session()).count();
        if count == 0 {
            return Ok(());
        }
        let mut found = self.unknown(OBJECTS)?;
        for handle in std::mem::take(&mut found) {
            if is_lost_object(lost, self, handle)? {
                found.push(handle);
            }
        }
        self.flush_found(&found, count)
    }

    fn search_sessions(&mut self, lost: &[Lost]) -> Result<(), Error> {
        let count = lost.iter().filter(|lost| lost.is_session()).count();
        if count == 0 {
            return Ok(());
        }
        let found = self.unknown(SESSIONS)?;
        self.flush_found(&found, count)
    }

    /// Flushes the found objects, unless more are found than were lost: then another process has left some that look like ours.
    fn flush_found(&mut self, found: &[Handle], lost: usize) -> Result<(), Error> {
        if found.len() <= lost {
            for &handle in found {
                self.flush_context(handle)?;
            }
        }
        Ok(())
    }

    /// Returns the loaded objects or sessions that are not known here.
    fn unknown(&mut self, first: u32) -> Result<Vec<Handle>, Error> {
        let mut found = handles(self, first)?;
        let is_of_the_kind = |handle: Handle| handle.is_transient() || is_session(handle);
        found.retain(|&handle| is_of_the_kind(handle) && !self.knows(handle));
        Ok(found)
    }

    fn knows(&self, handle: Handle) -> bool {
        is_known(handle, &self.slots, [&self.session, &self.policy], &self.cleanup)
    }
}
