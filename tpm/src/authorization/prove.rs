//! Proves values to entities. Every password passes here before it is used in a command.

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

/// The minimum time between two reads of the TPM's clock that look for a reset.
const CLOCK_INTERVAL: Duration = Duration::from_secs(5);

impl Connection {
    /// Runs `work`, which uses a value, unless the value is known to be refused, and records the result.
    ///
    /// # Errors
    /// The value is refused, now or earlier; it might be the last try before a lockout; or `work` fails.
    pub(crate) fn prove<T>(
        &mut self,
        attempt: &Attempt,
        work: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let verdict = self.verdict(attempt)?.ok_unless_refused()?;
        if verdict == Verdict::Unknown {
            self.prepare_try(attempt)?;
        }
        let result = work(self);
        self.record_result(attempt, verdict, result)
    }

    /// Returns the verdict. The refusal of a changeable entity is forgotten if the TPM was reset since.
    pub(crate) fn verdict(&mut self, attempt: &Attempt) -> Result<Verdict, Error> {
        match attempt.verdict()? {
            Verdict::Refused(refusal) if attempt.changeable && self.was_reset_since(attempt, &refusal)? => {
                attempt.forget_refusal(&refusal)?;
                attempt.verdict()
            }
            verdict => Ok(verdict),
        }
    }

    /// Returns an error if the value is known to be refused.
    pub(crate) fn check_not_refused(&mut self, attempt: &Attempt) -> Result<(), Error> {
        self.verdict(attempt)?.ok_unless_refused().map(drop)
    }

    /// Checks before an unknown value is tried: the entity is there, no other thread tries the value, and it is not the last try.
    fn prepare_try(&mut self, attempt: &Attempt) -> Result<(), Error> {
        if let Some(handle) = attempt.handle {
            if attempt.is_unverified()? {
                if self.is_other_object_at(handle, &attempt.name) {
                    attempt.forget_entity()?;
                    return Err(Error::refused("another object is at this handle now", ResponseCode::HANDLE)
                        .at(handle, Some(&attempt.name)));
                }
                attempt.note_entity_present()?;
            }
        }
        if !attempt.counts_failures {
            return Ok(());
        }
        let (who, time) = (Claimant::this()?, self.time_left());
        match attempt.claim(who, time)? {
            Claim::Granted => {}
            Claim::Decided => return self.check_not_refused(attempt),
            Claim::Held => return Err(Error::being_tried()),
        }
        self.guard_last_try(attempt.is_empty).inspect_err(|_| drop(attempt.release_claim(who)))
    }

    fn record_result<T>(
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
            Some((_, Some(handle))) if self.is_other_object_at(handle, &attempt.name) => {
                if attempt.changeable {
                    attempt.forget_entity()?;
                } else {
                    attempt.release_claim(Claimant::this()?)?;
                }
            }
            Some(_) if was_proven && !attempt.changeable => {
                return Err(error
                    .of_kind(ErrorKind::Integrity)
                    .advise("the TPM accepted this password before, so the command was changed in transit: try again; if it repeats, check the TPM's bus"));
            }
            Some(_) if self.has_damaged_session() => {
                if attempt.counts_failures && !was_proven {
                    attempt.release_claim(Claimant::this()?)?;
                }
                return Err(error.of_kind(ErrorKind::Integrity).advise(
                    "a response was altered in transit: try again; if it repeats, check the TPM's bus",
                ));
            }
            Some((code, _)) => {
                let moment = if attempt.changeable { self.tpm_time() } else { (0, 0) };
                attempt.note_refused(code, moment, was_proven)?;
            }
            None if attempt.changeable
                && error.kind() == ErrorKind::NoObject
                && is_about(&error, &attempt.name) =>
            {
                attempt.forget_entity()?;
            }
            None if attempt.counts_failures && !was_proven => attempt.release_claim(Claimant::this()?)?,
            None => {}
        }
        Err(error)
    }

    /// Returns true if the TPM was reset, restarted or cleared since the refusal, or is another TPM. Costs one command, limited by
    /// [`CLOCK_INTERVAL`].
    fn was_reset_since(&mut self, attempt: &Attempt, refusal: &Refusal) -> Result<bool, Error> {
        if self.clock_read.is_some_and(|looked| looked.elapsed() < CLOCK_INTERVAL) {
            return Ok(false);
        }
        let (epoch, time) = self.tpm_time();
        match (refusal.epoch, refusal.time) {
            // The clock could not be read at the refusal: record the present time instead.
            (0, 0) => attempt.note_time((epoch, time)).map(|()| false),
            then => Ok((epoch, time) != (0, 0) && (epoch != then.0 || time < then.1)),
        }
    }

    /// Returns the TPM's reset and restart counters, and the time since it got power; zeros if they cannot be read.
    fn tpm_time(&mut self) -> (u64, u64) {
        self.clock_read = Some(Instant::now());
        let Ok(clock) = read_clock(self) else { return (0, 0) };
        (u64::from(clock.reset_count) << 32 | u64::from(clock.restart_count), clock.time)
    }
}

/// Returns the code of a refusal of this entity, and its handle if the entity has a Name of its own. Returns None for errors that do
/// not answer this value.
fn refusal_of(error: &Error, name: &Name) -> Option<(ResponseCode, Option<keyfile::Handle>)> {
    let code = error.code()?;
    let refused = matches!(code.base(), ResponseCode::AUTH_FAIL | ResponseCode::BAD_AUTH);
    let (handle, found) = error.object()?;
    let about_it =
        refused && is_about(error, name) && error.kind() != ErrorKind::Integrity && !error.is_remembered();
    about_it.then_some((code, found.map(|_| handle)))
}

/// Returns true if the failed command named this entity.
fn is_about(error: &Error, name: &Name) -> bool {
    match error.object() {
        Some((_, Some(found))) => found == name,
        Some((handle, None)) => Name::from(handle) == *name,
        None => false,
    }
}
