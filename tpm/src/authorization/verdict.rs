//! All that this crate knows of an authorization: for an entity and a value, whether it is unknown, proven or refused. A refused value is
//! not sent again.
//!
//! | what | how long a refusal is remembered |
//! |---|---|
//! | the key of a file, whose value is fixed in its private part | as long as the process and its children |
//! | what others can change: hierarchies, persistent objects, NV indexes | until another object is there, the TPM is reset or cleared, or a pause is over that doubles from a minute to an hour |
//! | the empty value where a wrong one counts | the same without the pause; and no refusal of any other value may be known |

use super::attempt::Attempt;
use super::memory::memory;
use super::refusal::Refusal;
use super::table::{Row, State};
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

/// What came of asking to try a value that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// Nobody else does.
    Ours,
    /// Another process or connection does just now.
    Others,
    /// Meanwhile something is known.
    Known,
}

/// Longer than a TPM takes to look at a password: whoever claimed it is gone.
const CLAIM: u64 = 10_000;

impl Attempt {
    /// What is known, without a word to the TPM.
    pub(crate) fn verdict(&self) -> Result<Verdict, Error> {
        let memory = memory()?;
        let now = memory.now();
        let (row, other) = memory.table.with(|rows| {
            (rows.find(self.entity, self.value), rows.refusal_of(self.entity).filter(|_| self.is_empty))
        });
        Ok(self.judge(row, other, now))
    }

    /// An error if the memory alone says that it is refused.
    ///
    /// # Errors
    /// The refusal, with what the TPM had answered.
    pub(crate) fn admit(&self) -> Result<(), Error> {
        match self.verdict()? {
            Verdict::Refused(refusal) => Err(refusal.error()),
            _ => Ok(()),
        }
    }

    /// Whether an operation has used the value, as far as the memory alone says.
    pub(crate) fn is_proven(&self) -> Result<bool, Error> {
        Ok(self.verdict()? == Verdict::Proven)
    }

    fn judge(&self, row: Option<Row>, other: Option<Row>, now: u64) -> Verdict {
        // Of what has a password, the empty one is no guess worth a count.
        let sure = !self.changeable || (self.is_empty && self.counts);
        let refused = row.filter(|row| row.state == State::Refused);
        let Some(row) = refused.or(other.filter(|_| self.is_empty && self.counts)) else {
            return match row.map(|row| row.state) {
                Some(State::Proven) => Verdict::Proven,
                _ => Verdict::Unknown,
            };
        };
        match Refusal::of(&row, self.is_empty, !sure, now) {
            Some(refusal) => Verdict::Refused(refusal),
            None => Verdict::Unknown,
        }
    }

    pub(super) fn claim(&self, who: u64) -> Result<Claim, Error> {
        let memory = memory()?;
        let now = memory.now();
        Ok(memory.table.with(|rows| {
            let known = rows.find(self.entity, self.value);
            let other = rows.refusal_of(self.entity).filter(|_| self.is_empty);
            if self.judge(known, other, now) != Verdict::Unknown {
                return Claim::Known;
            }
            let row = known.unwrap_or(Row { since: now, ..self.row() });
            let is_fresh = row.claim != 0 && now.saturating_sub(row.claimed) < CLAIM;
            if is_fresh && row.claim != who {
                return Claim::Others;
            }
            rows.put(Row { claim: who, claimed: now, ..row });
            Claim::Ours
        }))
    }

    /// Gives a claim back: it was not tried.
    pub(super) fn unclaim(&self) -> Result<(), Error> {
        memory()?.table.with(|rows| {
            if let Some(row) = rows.find(self.entity, self.value) {
                rows.put(Row { claim: 0, claimed: 0, ..row });
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

    /// Nothing is known any more of a value that was proven.
    pub(super) fn note_unproven(&self) -> Result<(), Error> {
        let memory = memory()?;
        memory.table.with(|rows| rows.put(Row { since: memory.now(), ..self.row() }));
        Ok(())
    }

    /// The TPM has refused the value, at this moment of its own.
    pub(super) fn note_refused(&self, code: ResponseCode, (epoch, time): (u64, u64)) -> Result<(), Error> {
        let memory = memory()?;
        let now = memory.now();
        memory.table.with(|rows| {
            let before = rows.find(self.entity, self.value).map_or(0, |row| row.times);
            let times = before.saturating_add(1);
            rows.put(Row {
                state: State::Refused,
                times,
                code: code.0,
                since: now,
                epoch,
                time,
                ..self.row()
            });
        });
        if self.changeable { self.note_entity(State::Unseen) } else { Ok(()) }
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
        Attempt::of_named("somewhere", &name, value.as_bytes()).unwrap().counting(true)
    }

    #[test]
    fn what_is_proven_or_refused_is_known_of_that_value_only() {
        let name = Name::of(HashAlg::Sha256, b"a key of these tests");
        let of = |private: &str, value: &str| {
            Attempt::of_file("somewhere", &name, private.as_bytes(), value.as_bytes()).unwrap()
        };
        of("blob", "wrong").note_refused(REFUSED, (0, 0)).unwrap();
        of("blob", "right").note_proven().unwrap();
        assert!(matches!(of("blob", "wrong").verdict().unwrap(), Verdict::Refused(_)));
        assert_eq!(of("blob", "right").verdict().unwrap(), Verdict::Proven);
        for other in [of("blob", "other"), of("another blob", "wrong"), of("another blob", "right")] {
            assert_eq!(other.verdict().unwrap(), Verdict::Unknown);
        }
        let later = memory().unwrap().now() + 1_000 * MINUTE;
        let wrong = of("blob", "wrong");
        assert!(matches!(wrong.judge(row(&wrong), None, later), Verdict::Refused(_)), "for ever");
    }

    #[test]
    fn what_others_can_change_is_tried_again_after_a_pause_that_doubles() {
        let wrong = object("wrong");
        for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
            wrong.note_refused(REFUSED, (0, 0)).unwrap();
            let since = row(&wrong).unwrap().since;
            let after = |time| wrong.judge(row(&wrong), None, since + time);
            assert!(matches!(after(minutes * MINUTE - 1), Verdict::Refused(_)), "{minutes}");
            assert_eq!(after(minutes * MINUTE), Verdict::Unknown, "{minutes}");
        }
        wrong.forget_entity().unwrap();
        assert_eq!(wrong.verdict().unwrap(), Verdict::Unknown);
        assert!(wrong.is_unseen().unwrap());
    }

    #[test]
    fn the_empty_value_is_no_guess_worth_a_count() {
        let name = Name::from(Handle(0x4000_000a));
        let of = |value: &[u8]| Attempt::of_named("elsewhere", &name, value).unwrap().counting(true);
        of(b"wrong").note_refused(REFUSED, (0, 0)).unwrap();
        let empty = of(b"");
        assert!(matches!(empty.verdict().unwrap(), Verdict::Refused(_)));
        assert_eq!(empty.clone().counting(false).verdict().unwrap(), Verdict::Unknown);
        empty.note_refused(REFUSED, (0, 0)).unwrap();
        let later = memory().unwrap().now() + 1_000 * MINUTE;
        assert!(matches!(empty.judge(row(&empty), None, later), Verdict::Refused(_)));
    }

    #[test]
    fn one_at_a_time_tries_a_value() {
        let name = Name::of(HashAlg::Sha256, b"a key that two try");
        let value = Attempt::of_named("somewhere", &name, b"value").unwrap();
        assert_eq!(value.claim(1).unwrap(), Claim::Ours);
        assert_eq!((value.claim(1).unwrap(), value.claim(2).unwrap()), (Claim::Ours, Claim::Others));
        value.unclaim().unwrap();
        assert_eq!(value.claim(2).unwrap(), Claim::Ours);
        value.note_proven().unwrap();
        assert_eq!(value.claim(1).unwrap(), Claim::Known);
    }
}
