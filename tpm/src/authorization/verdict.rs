//! All that this crate knows of an authorization: for an entity and a value, whether it is unknown, proven or refused. A refused value is
//! not sent again.
//!
//! | what | how long a refusal is remembered |
//! |---|---|
//! | the key of a file under dictionary-attack protection: its value is fixed in its private part | as long as the process and its children |
//! | the key of any other file | until a pause is over that doubles from a minute to an hour: the answer may have been damaged on its way |
//! | what others can change: hierarchies, persistent objects, NV indexes | until another object is there, the TPM is reset or cleared, or a pause is over that doubles from a minute to an hour |
//! | the empty value where a wrong one counts | the same without the pause; and no refusal of any other value may be known |

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
    /// Nothing: it may be tried.
    Unknown,
    /// An operation has used the value.
    Proven,
    /// The TPM has refused it.
    Refused(Refusal),
}

impl Verdict {
    /// An error if the value is refused.
    pub(super) fn ok_unless_refused(self) -> Result<Self, Error> {
        match self {
            Self::Refused(refusal) => Err(refusal.error()),
            known => Ok(known),
        }
    }
}

/// What came of asking to try a value that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// Nobody else does.
    Granted,
    /// Another process or connection does just now.
    Held,
    /// Meanwhile something is known.
    Decided,
}

impl Attempt {
    /// What is known, without a word to the TPM.
    pub(crate) fn verdict(&self) -> Result<Verdict, Error> {
        let memory = memory()?;
        let now = memory.now();
        Ok(memory.table.with(|rows| self.find_verdict(rows, now)).1)
    }

    /// An error if the memory alone says that it is refused.
    ///
    /// # Errors
    /// The refusal, with what the TPM had answered.
    pub(crate) fn check_not_refused(&self) -> Result<(), Error> {
        self.verdict()?.ok_unless_refused().map(drop)
    }

    /// Whether an operation has used the value, as far as the memory alone says.
    pub(crate) fn is_proven(&self) -> Result<bool, Error> {
        Ok(self.verdict()? == Verdict::Proven)
    }

    /// The row of this value, and what is known.
    fn find_verdict(&self, rows: &Rows<'_>, now: u64) -> (Option<Row>, Verdict) {
        let row = rows.find(self.entity, self.value);
        let other = (self.is_empty && self.counts_failures).then(|| rows.refusal_of(self.entity)).flatten();
        (row, self.judge(row, other, now))
    }

    fn judge(&self, row: Option<Row>, other: Option<Row>, now: u64) -> Verdict {
        if row.is_some_and(|row| row.state == State::Proven) {
            return Verdict::Proven;
        }
        // Nobody can change the value of a key file; and of what has a password, the empty one is no guess worth a count.
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

    /// Claims the try, for as long at most.
    pub(super) fn claim(&self, who: Claimant, time: Option<Duration>) -> Result<Claim, Error> {
        let memory = memory()?;
        let now = memory.now();
        let until = time
            .and_then(|time| u64::try_from(time.as_millis()).ok())
            .map_or(u64::MAX, |time| now.saturating_add(time));
        // Looked up before: nobody reads /proc while others wait for the table.
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

    /// Gives a claim back: it was not tried.
    pub(super) fn release_claim(&self, who: Claimant) -> Result<(), Error> {
        memory()?.table.with(|rows| {
            if let Some(row) = rows.find(self.entity, self.value).filter(|row| row.claim == who.number()) {
                rows.put(Row { claim: 0, until: 0, ..row });
            }
        });
        Ok(())
    }

    /// An operation has used the value.
    pub(super) fn note_proven(&self) -> Result<(), Error> {
        let memory = memory()?;
        let row = Row { state: State::Proven, since: memory.now(), ..self.row() };
        memory.table.with(|rows| rows.put(row));
        Ok(())
    }

    /// The TPM has refused the value, at this moment of its own.
    ///
    /// A value that was proven: somebody has changed it, or the command was damaged on its way. Where that does not count, the next try
    /// tells. What others have learned meanwhile stays.
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
            if was_proven && !self.counts_failures {
                return rows.put(Row { since: now, ..self.row() });
            }
            let times = known.map_or(0, |row| row.times).saturating_add(1);
            let (state, code, since) = (State::Refused, code.0, now);
            rows.put(Row { state, times, code, since, epoch, time, ..self.row() });
        });
        if self.changeable { self.note_entity(State::Unverified) } else { Ok(()) }
    }

    /// The TPM was reset since this refusal: forgets it, and those of the same time. What others have learned since stays.
    pub(super) fn forget_refusal(&self, refusal: &Refusal) -> Result<(), Error> {
        let is_old =
            |row: &Row| row.state == State::Refused && (row.epoch, row.time) == (refusal.epoch, refusal.time);
        memory()?.table.with(|rows| rows.forget_matching(self.entity, is_old));
        self.note_entity(State::Unverified)
    }

    /// The TPM's time of a refusal, which could not be read then.
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
        assert!(matches!(wrong.judge(row(&wrong), None, later), Verdict::Refused(_)), "for ever");
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
        // Where it does not count, the next try tells.
        let free = of(b"free");
        free.note_proven().unwrap();
        free.note_refused(REFUSED, (1, 1), true).unwrap();
        assert_eq!(free.verdict().unwrap(), Verdict::Unknown);
        free.note_refused(REFUSED, (1, 1), false).unwrap();
        // Who began before all that changes nothing of it.
        free.note_refused(REFUSED, (1, 1), true).unwrap();
        assert!(matches!(free.verdict().unwrap(), Verdict::Refused(_)));
        empty.note_refused(REFUSED, (1, 1), true).unwrap();
        let Verdict::Refused(refusal) = empty.verdict().unwrap() else { panic!("it counts") };
        // A reset forgets what was refused before it, and nothing else.
        wrong.note_refused(REFUSED, (2, 1), false).unwrap();
        empty.forget_refusal(&refusal).unwrap();
        assert!(matches!(wrong.verdict().unwrap(), Verdict::Refused(_)));
        assert_eq!(empty.counting_failures(false).verdict().unwrap(), Verdict::Unknown);
    }
}
