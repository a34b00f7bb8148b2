//! What this crate knows of an authorization: a value of an entity is unknown, proven or refused. A refused value is not sent again.
//!
//! | entity | how long a refusal is remembered |
//! |---|---|
//! | key file with dictionary-attack protection: its value is fixed in the private part | for the lifetime of the process and its children |
//! | any other key file | for a pause that doubles from a minute to an hour: the answer may have been damaged in transit |
//! | changeable entity: hierarchy, persistent object, NV index | until the object is replaced, the TPM is reset or cleared, or a pause has passed that doubles from a minute to an hour |
//! | any of these where failures do not count | from the second refusal on: the first command may have been altered in transit |
//! | empty value where failures count | as above without the pause; and it is not tried if another value was refused |

use std::time::Duration;

use super::attempt::Attempt;
use super::claimant::Claimant;
use super::memory::memory;
use super::refusal::Refusal;
use super::table::{Row, Rows, State};
use crate::error::Error;
use crate::rc::ResponseCode;

/// What is known of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing is known. The value may be tried.
    Unknown,
    /// An operation has used the value.
    Proven,
    /// The TPM has refused the value.
    Refused(Refusal),
}

impl Verdict {
    /// Returns an error if the value is refused.
    pub(super) fn ok_unless_refused(self) -> Result<Self, Error> {
        match self {
            Self::Refused(refusal) => Err(refusal.error()),
            known => Ok(known),
        }
    }
}

/// The result of a request to try a counted value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// This thread may try the value.
    Granted,
    /// Another thread or process tries the value now.
    Held,
    /// The value was proven or refused meanwhile.
    Decided,
}

impl Attempt {
    /// Returns the verdict from memory, without a command.
    pub(crate) fn verdict(&self) -> Result<Verdict, Error> {
        let memory = memory()?;
        let now = memory.now();
        Ok(memory.table.with(|rows| self.find_verdict(rows, now)).1)
    }

    /// Returns an error if the memory shows that the value is refused.
    ///
    /// # Errors
    /// The remembered refusal, with the TPM's answer.
    pub(crate) fn check_not_refused(&self) -> Result<(), Error> {
        self.verdict()?.ok_unless_refused().map(drop)
    }

    /// Returns true if the memory shows that an operation has used the value.
    pub(crate) fn is_proven(&self) -> Result<bool, Error> {
        Ok(self.verdict()? == Verdict::Proven)
    }

    /// Returns the row of this value and the verdict.
    fn find_verdict(&self, rows: &Rows<'_>, now: u64) -> (Option<Row>, Verdict) {
        let row = rows.find(self.entity, self.value);
        let other = (self.is_empty && self.counts_failures).then(|| rows.refusal_of(self.entity)).flatten();
        (row, self.judge(row, other, now))
    }

    fn judge(&self, row: Option<Row>, other: Option<Row>, now: u64) -> Verdict {
        if row.is_some_and(|row| row.state == State::Proven) {
            return Verdict::Proven;
        }
        // The value of a key file cannot change. Where another password was refused, the empty one is not worth a counted failure.
        let sure = self.counts_failures && (!self.changeable || self.is_empty);
        let refused = row.filter(|row| row.state == State::Refused);
        let Some(row) = refused.or(other) else {
            return Verdict::Unknown;
        };
        match Refusal::of(&row, self.is_empty, !sure, now) {
            Some(refusal) => Verdict::Refused(refusal),
            None => Verdict::Unknown,
        }
    }

    /// Claims the right to try the value for at most `time`.
    pub(super) fn claim(&self, who: Claimant, time: Option<Duration>) -> Result<Claim, Error> {
        let memory = memory()?;
        let now = memory.now();
        let until = time
            .and_then(|time| u64::try_from(time.as_millis()).ok())
            .map_or(u64::MAX, |time| now.saturating_add(time));
        // Looked up first, so that /proc is not read while other threads wait for the table.
        let holder = memory.table.with(|rows| rows.find(self.entity, self.value)).map_or(0, |row| row.claim);
        let gone = (holder != 0 && !Claimant::is_alive(holder)).then_some(holder);
        Ok(memory.table.with(|rows| {
            let (known, verdict) = self.find_verdict(rows, now);
            if verdict != Verdict::Unknown {
                return Claim::Decided;
            }
            let row = known.unwrap_or(Row { since: now, ..self.row() });
            let is_free = [Some(0), Some(who.number()), gone].contains(&Some(row.claim));
            if !is_free && now < row.until {
                return Claim::Held;
            }
            rows.put(Row { claim: who.number(), until, ..row });
            Claim::Granted
        }))
    }

    /// Releases a claim without a try.
    pub(super) fn release_claim(&self, who: Claimant) -> Result<(), Error> {
        memory()?.table.with(|rows| {
            if let Some(row) = rows.find(self.entity, self.value).filter(|row| row.claim == who.number()) {
                rows.put(Row { claim: 0, until: 0, ..row });
            }
        });
        Ok(())
    }

    /// Records that an operation has used the value.
    pub(super) fn note_proven(&self) -> Result<(), Error> {
        let memory = memory()?;
        let row = Row { state: State::Proven, since: memory.now(), ..self.row() };
        memory.table.with(|rows| rows.put(row));
        Ok(())
    }

    /// Records that the TPM has refused the value at this time of the TPM.
    ///
    /// The command may have been altered in transit: if failures do not count, the next try decides. Whether a failure counts, the
    /// response code shows where the Name does not: TPM_RC_BAD_AUTH is "without DA implications" (Part 2 §6.6.2). A code that was altered
    /// in transit costs one try. A verdict that another thread has recorded meanwhile is kept.
    pub(super) fn note_refused(
        &self,
        code: ResponseCode,
        (epoch, time): (u64, u64),
        was_proven: bool,
    ) -> Result<(), Error> {
        let memory = memory()?;
        let now = memory.now();
        memory.table.with(|rows| {
            let known = rows.find(self.entity, self.value);
            let is_proven = known.is_some_and(|row| row.state == State::Proven);
            if was_proven && !is_proven {
                return;
            }
            let is_counted = self.counts_failures && code.base() == ResponseCode::AUTH_FAIL;
            let is_first = known.is_none_or(|row| row.code == 0);
            if is_first && !is_counted {
                return rows.put(Row { code: code.0, since: now, ..self.row() });
            }
            let times = known.map_or(0, |row| row.times).saturating_add(1);
            let (state, code, since) = (State::Refused, code.0, now);
            rows.put(Row { state, times, code, since, epoch, time, ..self.row() });
        });
        if self.changeable { self.note_entity(State::Unverified) } else { Ok(()) }
    }

    /// Forgets this refusal and others of the same time, because the TPM was reset since. Newer verdicts are kept.
    pub(super) fn forget_refusal(&self, refusal: &Refusal) -> Result<(), Error> {
        let is_old =
            |row: &Row| row.state == State::Refused && (row.epoch, row.time) == (refusal.epoch, refusal.time);
        memory()?.table.with(|rows| rows.forget_matching(self.entity, is_old));
        self.note_entity(State::Unverified)
    }

    /// Records the TPM's time for a refusal whose time could not be read.
    pub(super) fn note_time(&self, (epoch, time): (u64, u64)) -> Result<(), Error> {
        memory()?.table.with(|rows| {
            let known = rows.find(self.entity, self.value).filter(|row| (row.epoch, row.time) == (0, 0));
            if let Some(row) = known.filter(|row| row.state == State::Refused) {
                rows.put(Row { epoch, time, ..row });
            }
        });
        Ok(())
    }

    fn row(&self) -> Row {
        Row { entity: self.entity, value: self.value, ..Row::default() }
    }
}

#[cfg(test)]
mod tests {
    use keyfile::{Handle, HashAlg, Name};

    use super::*;

    const REFUSED: ResponseCode = ResponseCode(0x98e);
    const MINUTE: u64 = 60_000;

    fn row(attempt: &Attempt) -> Option<Row> {
        memory().unwrap().table.with(|rows| rows.find(attempt.entity, attempt.value))
    }

    fn object(value: &str) -> Attempt {
        let name = Name::of(HashAlg::Sha256, b"an object of these tests");
        Attempt::of_named("somewhere", &name, value.as_bytes()).unwrap().counting_failures(true)
    }

    #[test]
    fn a_verdict_applies_to_one_value_of_one_key() {
        let name = Name::of(HashAlg::Sha256, b"a key of these tests");
        let of = |private: &str, value: &str| {
            let attempt = Attempt::of_file("somewhere", &name, private.as_bytes(), value.as_bytes());
            attempt.unwrap().counting_failures(true)
        };
        of("blob", "wrong").note_refused(REFUSED, (0, 0), false).unwrap();
        of("blob", "right").note_proven().unwrap();
        assert!(matches!(of("blob", "wrong").verdict().unwrap(), Verdict::Refused(_)));
        assert_eq!(of("blob", "right").verdict().unwrap(), Verdict::Proven);
        for other in [of("blob", "other"), of("another blob", "wrong"), of("another blob", "right")] {
            assert_eq!(other.verdict().unwrap(), Verdict::Unknown);
        }
        let later = memory().unwrap().now() + 1_000 * MINUTE;
        let wrong = of("blob", "wrong");
        assert!(matches!(wrong.judge(row(&wrong), None, later), Verdict::Refused(_)), "forever");
        assert_eq!(wrong.clone().counting_failures(false).judge(row(&wrong), None, later), Verdict::Unknown);
    }

    #[test]
    fn a_refused_changeable_value_may_be_tried_again_after_a_doubling_pause() {
        let wrong = object("wrong");
        for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
            wrong.note_refused(REFUSED, (0, 0), false).unwrap();
            let since = row(&wrong).unwrap().since;
            let after = |time| wrong.judge(row(&wrong), None, since + time);
            assert!(matches!(after(minutes * MINUTE - 1), Verdict::Refused(_)), "{minutes}");
            assert_eq!(after(minutes * MINUTE), Verdict::Unknown, "{minutes}");
        }
        wrong.forget_entity().unwrap();
        assert_eq!(wrong.verdict().unwrap(), Verdict::Unknown);
        assert!(wrong.is_unverified().unwrap());
    }

    #[test]
    fn the_empty_value_is_not_tried_after_another_value_was_refused() {
        let name = Name::from(Handle(0x4000_000a));
        let of = |value: &[u8]| Attempt::of_named("elsewhere", &name, value).unwrap().counting_failures(true);
        of(b"wrong").note_refused(REFUSED, (0, 0), false).unwrap();
        let empty = of(b"");
        assert!(matches!(empty.verdict().unwrap(), Verdict::Refused(_)));
        assert_eq!(empty.clone().counting_failures(false).verdict().unwrap(), Verdict::Unknown);
        empty.note_refused(REFUSED, (0, 0), false).unwrap();
        let later = memory().unwrap().now() + 1_000 * MINUTE;
        assert!(matches!(empty.judge(row(&empty), None, later), Verdict::Refused(_)));
    }

    #[test]
    fn only_one_claimant_tries_a_value() {
        let name = Name::of(HashAlg::Sha256, b"a key that two try");
        let value = Attempt::of_named("somewhere", &name, b"value").unwrap();
        let claimant = || Claimant::this().unwrap();
        let [one, other] = [claimant(), std::thread::spawn(claimant).join().unwrap()];
        let claim = |who| value.claim(who, None).unwrap();
        assert_eq!([claim(one), claim(one), claim(other)], [Claim::Granted, Claim::Granted, Claim::Held]);
        value.release_claim(other).unwrap();
        assert_eq!(claim(other), Claim::Held, "it was not its own");
        value.release_claim(one).unwrap();
        assert_eq!(value.claim(other, Some(Duration::ZERO)).unwrap(), Claim::Granted);
        assert_eq!(claim(one), Claim::Granted, "the other's time is over");
        value.note_proven().unwrap();
        assert_eq!(claim(other), Claim::Decided);
    }

    #[test]
    fn a_proven_value_stays_proven_until_the_tpm_refuses_it() {
        let name = Name::of(HashAlg::Sha256, b"a key without a password");
        let of = |value: &[u8]| Attempt::of_named("somewhere", &name, value).unwrap();
        let [empty, wrong] = [&b""[..], b"wrong"].map(|value| of(value).counting_failures(true));
        empty.note_proven().unwrap();
        wrong.note_refused(REFUSED, (1, 1), false).unwrap();
        assert_eq!(empty.verdict().unwrap(), Verdict::Proven);
        // If failures do not count, the next try decides.
        let free = of(b"free");
        free.note_proven().unwrap();
        free.note_refused(REFUSED, (1, 1), true).unwrap();
        assert_eq!(free.verdict().unwrap(), Verdict::Unknown);
        free.note_refused(REFUSED, (1, 1), false).unwrap();
        // The same holds if the TPM reports that it has not counted the failure.
        let other = of(b"other").counting_failures(true);
        other.note_proven().unwrap();
        let not_counted = ResponseCode(0x9a2);
        other.note_refused(not_counted, (1, 1), true).unwrap();
        assert_eq!(other.verdict().unwrap(), Verdict::Unknown);
        other.note_refused(not_counted, (1, 1), false).unwrap();
        assert!(matches!(other.verdict().unwrap(), Verdict::Refused(_)));
        // A thread that started earlier does not change the newer verdict.
        free.note_refused(REFUSED, (1, 1), true).unwrap();
        assert!(matches!(free.verdict().unwrap(), Verdict::Refused(_)));
        empty.note_refused(REFUSED, (1, 1), true).unwrap();
        let Verdict::Refused(refusal) = empty.verdict().unwrap() else { panic!("it counts") };
        // A reset forgets the refusals before it, and nothing else.
        wrong.note_refused(REFUSED, (2, 1), false).unwrap();
        empty.forget_refusal(&refusal).unwrap();
        assert!(matches!(wrong.verdict().unwrap(), Verdict::Refused(_)));
        assert_eq!(empty.counting_failures(false).verdict().unwrap(), Verdict::Unknown);
    }
}
