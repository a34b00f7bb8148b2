//! Proves a value to an entity, or does not: the one gate that every password goes through on its way to the TPM.

use std::time::{Duration, Instant};

use keyfile::Name;

use super::attempt::Attempt;
use super::claimant::Claimant;
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
        let verdict = self.verdict(attempt)?.admitted()?;
        if verdict == Verdict::Unknown {
            self.prepare_try(attempt)?;
        }
        let result = work(self);
        self.learn(attempt, verdict, result)
    }

    /// What is known; a refusal by something that others can change is forgotten when the TPM was reset since.
    pub(crate) fn verdict(&mut self, attempt: &Attempt) -> Result<Verdict, Error> {
        match attempt.verdict()? {
            Verdict::Refused(refusal) if attempt.changeable && self.was_reset_since(attempt, &refusal)? => {
                attempt.forget_refusal(&refusal)?;
                attempt.verdict()
            }
            verdict => Ok(verdict),
        }
    }

    /// An error if the value is known to be refused.
    pub(crate) fn admit(&mut self, attempt: &Attempt) -> Result<(), Error> {
        self.verdict(attempt)?.admitted().map(drop)
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
        let (who, time) = (Claimant::this()?, self.time_left());
        match attempt.claim(who, time)? {
            Claim::Ours => {}
            Claim::Known => return self.admit(attempt),
            Claim::Others => return Err(Error::being_tried()),
        }
        self.guard_last_try(attempt.is_empty).inspect_err(|_| drop(attempt.unclaim(who)))
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
        let was_proven = verdict == Verdict::Proven;
        match refusal_of(&error, &attempt.name) {
            Some(_) if self.has_damaged_session() => {
                if attempt.counts && !was_proven {
                    attempt.unclaim(Claimant::this()?)?;
                }
                return Err(error
                    .of_kind(ErrorKind::Integrity)
                    .advise("what the TPM answered was altered on its way: try again; if it repeats, check the TPM's bus"));
            }
            Some((_, Some(handle))) if self.is_another(handle, &attempt.name) => {
                if attempt.changeable {
                    attempt.forget_entity()?;
                } else {
                    attempt.unclaim(Claimant::this()?)?;
                }
            }
            Some(_) if was_proven && !attempt.changeable => {
                return Err(error
                    .of_kind(ErrorKind::Integrity)
                    .advise("the TPM has taken this password before, so the command was altered on its way: try again; if it repeats, check the TPM's bus"));
            }
            Some((code, _)) => {
                let moment = if attempt.changeable { self.moment() } else { (0, 0) };
                attempt.note_refused(code, moment, was_proven)?;
            }
            None if attempt.changeable
                && error.kind() == ErrorKind::NoObject
                && is_about(&error, &attempt.name) =>
            {
                attempt.forget_entity()?;
            }
            None if attempt.counts && !was_proven => attempt.unclaim(Claimant::this()?)?,
            None => {}
        }
        Err(error)
    }

    /// Whether the TPM was reset, restarted or cleared since, or is another one: one command, and that not often.
    fn was_reset_since(&mut self, attempt: &Attempt, refusal: &Refusal) -> Result<bool, Error> {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK) {
            return Ok(false);
        }
        let (epoch, time) = self.moment();
        match (refusal.epoch, refusal.time) {
            // Its clock could not be read then: what comes from now on is known.
            (0, 0) => attempt.note_moment((epoch, time)).map(|()| false),
            then => Ok((epoch, time) != (0, 0) && (epoch != then.0 || time < then.1)),
        }
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
    let about_it =
        refused && is_about(error, name) && error.kind() != ErrorKind::Integrity && !error.is_remembered();
    about_it.then_some((code, found.map(|_| handle)))
}

/// Whether the command was about this entity.
fn is_about(error: &Error, name: &Name) -> bool {
    match error.object() {
        Some((_, Some(found))) => found == name,
        Some((handle, None)) => Name::from(handle) == *name,
        None => false,
    }
}
