//! Proves a value to an entity, or does not: the one gate that every password goes through on its way to the TPM.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use keyfile::Name;

use super::attempt::Attempt;
use super::refusal::Refusal;
use super::verdict::{Claim, Verdict};
use crate::command::clock::read_clock;
use crate::connection::Connection;
use crate::error::{Error, ErrorKind};
use crate::rc::ResponseCode;

/// How often a connection asks whether the TPM was reset since a refusal.
const LOOK: Duration = Duration::from_secs(5);

impl Connection {
    /// Runs what uses a value, unless it is known to be refused, and remembers what comes of it.
    ///
    /// # Errors
    /// It is refused, now or before; it might be the last try before a lockout; or what `work` says.
    pub(crate) fn prove<T>(
        &mut self,
        attempt: &Attempt,
        work: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let verdict = self.verdict(attempt)?;
        match verdict {
            Verdict::Refused(refusal) => return Err(refusal.error()),
            Verdict::Unknown => self.prepare_try(attempt)?,
            Verdict::Proven => {}
        }
        let result = work(self);
        self.learn(attempt, verdict, result)
    }

    /// What is known; a refusal by something that others can change is forgotten when the TPM was reset since.
    pub(crate) fn verdict(&mut self, attempt: &Attempt) -> Result<Verdict, Error> {
        match attempt.verdict()? {
            Verdict::Refused(refusal) if attempt.changeable && self.was_reset_since(&refusal) => {
                attempt.forget_entity()?;
                Ok(Verdict::Unknown)
            }
            verdict => Ok(verdict),
        }
    }

    /// An error if the value is known to be refused.
    pub(crate) fn admit(&mut self, attempt: &Attempt) -> Result<(), Error> {
        match self.verdict(attempt)? {
            Verdict::Refused(refusal) => Err(refusal.error()),
            _ => Ok(()),
        }
    }

    /// Before a value is tried of which nothing is known: whether the entity is there, whether nobody else tries it, whether it might
    /// be the last try.
    fn prepare_try(&mut self, attempt: &Attempt) -> Result<(), Error> {
        if let Some(handle) = attempt.place {
            if attempt.is_unseen()? {
                if self.is_another(handle, &attempt.name) {
                    attempt.forget_entity()?;
                    return Err(Error::refused("another object is at this handle now", ResponseCode::HANDLE)
                        .at(handle, Some(&attempt.name)));
                }
                attempt.saw_entity()?;
            }
        }
        if !attempt.counts {
            return Ok(());
        }
        match attempt.claim(claimant())? {
            Claim::Ours => {}
            Claim::Known => match self.verdict(attempt)? {
                Verdict::Refused(refusal) => return Err(refusal.error()),
                _ => return Ok(()),
            },
            Claim::Others => return Err(Error::being_tried()),
        }
        self.guard_last_try(attempt.is_empty).inspect_err(|_| drop(attempt.unclaim()))
    }

    fn learn<T>(
        &mut self,
        attempt: &Attempt,
        verdict: Verdict,
        result: Result<T, Error>,
    ) -> Result<T, Error> {
        let error = match result {
            Ok(value) => {
                if verdict != Verdict::Proven {
                    attempt.note_proven()?;
                }
                return Ok(value);
            }
            Err(error) => error,
        };
        match refusal_of(&error, &attempt.name) {
            Some((code, handle)) => {
                if handle.is_some_and(|handle| self.is_another(handle, &attempt.name)) {
                    if attempt.changeable {
                        attempt.forget_entity()?;
                    } else {
                        attempt.unclaim()?;
                    }
                } else if verdict != Verdict::Proven {
                    let moment = if attempt.changeable { self.moment() } else { (0, 0) };
                    attempt.note_refused(code, moment)?;
                } else if attempt.changeable {
                    // Somebody has changed it, or the command was damaged on its way: the next try tells.
                    attempt.note_unproven()?;
                } else {
                    return Err(error.of_kind(ErrorKind::Integrity).advise(
                        "the TPM has taken this password before: something between this program and the TPM alters what they say",
                    ));
                }
            }
            None if attempt.changeable && error.kind() == ErrorKind::NoObject => attempt.forget_entity()?,
            None if attempt.counts && verdict != Verdict::Proven => attempt.unclaim()?,
            None => {}
        }
        Err(error)
    }

    /// Whether the TPM was reset, restarted or cleared since, or is another one: one command, and that not often.
    fn was_reset_since(&mut self, refusal: &Refusal) -> bool {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK) {
            return false;
        }
        let (epoch, time) = self.moment();
        (epoch, time) != (0, 0) && (epoch != refusal.epoch || time < refusal.time)
    }

    /// How often the TPM was reset and restarted, and how long it has had power since.
    fn moment(&mut self) -> (u64, u64) {
        self.looked = Some(Instant::now());
        let Ok(clock) = read_clock(self) else { return (0, 0) };
        (u64::from(clock.reset_count) << 32 | u64::from(clock.restart_count), clock.time)
    }
}

/// The code of a refusal of this entity, and the handle it was at if the entity has a Name of its own. What was no answer to this value
/// is none.
fn refusal_of(error: &Error, name: &Name) -> Option<(ResponseCode, Option<keyfile::Handle>)> {
    let code = error.code()?;
    let refused = matches!(code.base(), ResponseCode::AUTH_FAIL | ResponseCode::BAD_AUTH);
    let (handle, found) = error.object()?;
    let is_it = match found {
        Some(found) => found == name,
        None => Name::from(handle) == *name,
    };
    let about_it = refused && is_it && error.kind() != ErrorKind::Integrity && !error.is_remembered();
    about_it.then_some((code, found.map(|_| handle)))
}

/// This thread of this process: each has one operation at a time.
fn claimant() -> u64 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    thread_local! {
        static NUMBER: u32 = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    let number = NUMBER.try_with(|number| *number).unwrap_or_default();
    u64::from(process::id()) << 32 | u64::from(number)
}
