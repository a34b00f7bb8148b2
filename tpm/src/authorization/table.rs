//! The table of verdicts: rows of numbers, protected by a lock with a bounded wait. Forked children share it, so all processes know
//! what one of them has learned about a password.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::ffi;

/// A keyed digest that identifies a value or an entity. Collisions are negligible.
pub(crate) type Tag = [u64; 2];

/// The value tag of a row that describes the entity itself.
pub(super) const ENTITY: Tag = [0; 2];

/// More than any program has passwords. The oldest verdict is replaced first, refusals last.
const ROWS: usize = 256;
/// The most refused values that are kept for one entity.
const MAX_REFUSALS: usize = 8;
const WORDS: usize = 10;
/// The lock, the number of claimants, the rows.
const NUMBERS: usize = 2 + ROWS * WORDS;

/// How often the lock is tried: its holder only reads and writes a few numbers. A holder that was killed leaves at most one row that
/// matches nothing.
const LOCK_TRIES: u32 = 1_000;
const LOCK_PAUSE: Duration = Duration::from_micros(50);

/// The verdict of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Row {
    pub(super) entity: Tag,
    pub(super) value: Tag,
    pub(super) state: State,
    /// The number of refusals.
    pub(super) times: u8,
    /// The TPM's response code.
    pub(super) code: u32,
    /// The time of the verdict, in milliseconds of this memory.
    pub(super) since: u64,
    /// The TPM's reset and restart counters, and its time since power-on, at the refusal.
    pub(super) epoch: u64,
    pub(super) time: u64,
    /// The claimant that tries the value now, and the end of its claim; zero if there is none.
    pub(super) claim: u64,
    pub(super) until: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    #[default]
    Unknown,
    Proven,
    Refused,
    /// For the row of an entity: verify that it is at its handle before a value is tried.
    Unverified,
}

/// The table of rows.
pub(super) struct Table(Numbers);

enum Numbers {
    Shared(&'static [AtomicU64; NUMBERS]),
    /// Without shared memory: a child has its own copy.
    Own(Box<[AtomicU64; NUMBERS]>),
}

impl Table {
    pub(super) fn new() -> Self {
        Self(match ffi::shared() {
            Some(shared) => Numbers::Shared(shared),
            None => Numbers::Own(Box::new([const { AtomicU64::new(0) }; NUMBERS])),
        })
    }

    /// Runs `work` on the rows while the lock is held.
    pub(super) fn with<T>(&self, work: impl FnOnce(&Rows<'_>) -> T) -> T {
        let [lock, _, rows @ ..] = self.numbers();
        let taken = || lock.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_ok();
        for _ in 0..LOCK_TRIES {
            if taken() {
                break;
            }
            thread::sleep(LOCK_PAUSE);
        }
        let result = work(&Rows(rows));
        lock.store(0, Ordering::Release);
        result
    }

    /// Returns a number that is unique among all threads of the processes that share this table.
    pub(super) fn number(&self) -> u64 {
        let [_, claimants, ..] = self.numbers();
        claimants.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
    }

    fn numbers(&self) -> &[AtomicU64; NUMBERS] {
        match &self.0 {
            Numbers::Shared(numbers) => numbers,
            Numbers::Own(numbers) => numbers,
        }
    }
}

/// The rows while the lock is held.
pub(super) struct Rows<'a>(&'a [AtomicU64]);

impl Rows<'_> {
    pub(super) fn find(&self, entity: Tag, value: Tag) -> Option<Row> {
        self.all().map(|(_, row)| row).find(|row| row.entity == entity && row.value == value)
    }

    /// Returns any refused value of this entity.
    pub(super) fn refusal_of(&self, entity: Tag) -> Option<Row> {
        self.all().map(|(_, row)| row).find(|row| row.entity == entity && row.state == State::Refused)
    }

    /// Writes the row of its entity and value; replaces another row if the table is full.
    pub(super) fn put(&self, row: Row) {
        let target = self.all().find(|(_, known)| known.entity == row.entity && known.value == row.value);
        let target = target.or_else(|| self.oldest(row.entity, row.state)).or_else(|| self.free());
        if let Some((words, _)) = target.or_else(|| self.oldest_of_all()) {
            write(words, row);
        }
    }

    /// Forgets everything about an entity.
    pub(super) fn forget(&self, entity: Tag) {
        self.forget_matching(entity, |_| true);
    }

    /// Forgets the matching rows of an entity.
    pub(super) fn forget_matching(&self, entity: Tag, which: impl Fn(&Row) -> bool) {
        for (words, row) in self.all() {
            if row.entity == entity && which(&row) {
                write(words, Row::default());
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = (&[AtomicU64], Row)> {
        self.0.chunks_exact(WORDS).map(|words| (words, read(words)))
    }

    fn free(&self) -> Option<(&[AtomicU64], Row)> {
        self.all().find(|(_, row)| row.entity == ENTITY)
    }

    /// Returns the oldest refusal of an entity that has the most refusals allowed.
    fn oldest(&self, entity: Tag, state: State) -> Option<(&[AtomicU64], Row)> {
        let of_one = || self.all().filter(|(_, row)| row.entity == entity && row.state == State::Refused);
        let full = state == State::Refused && of_one().count() >= MAX_REFUSALS;
        of_one().filter(|_| full).min_by_key(|(_, row)| row.since)
    }

    fn oldest_of_all(&self) -> Option<(&[AtomicU64], Row)> {
        self.all().min_by_key(|(_, row)| (row.state == State::Refused, row.since))
    }
}

fn read(words: &[AtomicU64]) -> Row {
    let word = |at: usize| words.get(at).map_or(0, |word| word.load(Ordering::Relaxed));
    let [.., times, state] = word(4).to_be_bytes();
    Row {
        entity: [word(0), word(1)],
        value: [word(2), word(3)],
        state: match state {
            1 => State::Proven,
            2 => State::Refused,
            3 => State::Unverified,
            _ => State::Unknown,
        },
        times,
        code: u32::try_from(word(4) >> 32).unwrap_or_default(),
        since: word(5),
        epoch: word(6),
        time: word(7),
        claim: word(8),
        until: word(9),
    }
}

fn write(words: &[AtomicU64], row: Row) {
    let state: u8 = match row.state {
        State::Unknown => 0,
        State::Proven => 1,
        State::Refused => 2,
        State::Unverified => 3,
    };
    let what = u64::from(row.code) << 32 | u64::from(row.times) << 8 | u64::from(state);
    let [entity, rest] = row.entity;
    let [value, more] = row.value;
    let all = [entity, rest, value, more, what, row.since, row.epoch, row.time, row.claim, row.until];
    for (word, number) in words.iter().zip(all) {
        word.store(number, Ordering::Relaxed);
    }
}
