//! The ways to spoil an answer.

use super::random::Random;

/// What happens at one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The TPM does not hear of it, so many times; this code is answered.
    Code(u32, usize),
    /// The connection breaks before the TPM hears of it.
    CutBefore,
    /// It breaks when the TPM has done it.
    CutAfter,
    /// Nothing goes through any more until the operation has ended.
    CutForGood,
    /// The same, and each command gets this code.
    CodeForGood(u32),
    /// So much of the answer arrives.
    Truncated(usize),
    /// The same, and its header says that this is all.
    Short(usize),
    /// One bit of the answer is another.
    Flipped(usize),
    /// One bit of the command is another.
    FlippedCommand(usize),
    /// An earlier answer comes instead; to the same command, if there was one.
    Replayed(usize),
    /// An earlier answer comes instead, to whatever command.
    Swapped(usize),
}

/// Every warning and error without a place that Part 2 §6.6.3 names, or leaves to the future.
const ONE_PART: std::ops::Range<u32> = 0x100..0x160;
const WARNINGS: std::ops::Range<u32> = 0x901..0x924;
/// Those about a part: the number of the code, and of the part.
const FORMAT_1: std::ops::Range<u32> = 0x080..0x0c0;
const PARTS: [u32; 8] = [0x000, 0x100, 0x200, 0x040 | 0x100, 0x040 | 0x200, 0x800, 0x900, 0xa00];
/// Of a TCTI, of resource managers, and of nobody.
const OTHERS: [u32; 8] = [0x1e, 0x26, 0x500, 0xa_000a, 0xb_0902, 0xb_098e, 0xc_0903, 0xffff_ffff];
/// "Not now".
const BUSY: [u32; 4] = [0x908, 0x90a, 0x920, 0x922];

impl Fault {
    pub(super) fn of(random: &mut Random) -> Self {
        match random.below(23) {
            0..8 => Self::Code(code(random), 1),
            8 => Self::Code(*random.one_of(&BUSY), 3),
            9 => Self::CutBefore,
            10 | 11 => Self::CutAfter,
            12 => Self::Truncated(random.below(600)),
            13 => Self::Short(random.below(600)),
            // The handle and what stands before it are a small part of an answer, and the part that matters.
            14 => Self::Flipped(random.below(8 * 20)),
            15 | 16 => Self::Flipped(random.below(8 * 600)),
            17 => Self::FlippedCommand(random.below(8 * 600)),
            18 | 19 => Self::Replayed(random.below(1000)),
            20 => Self::Swapped(random.below(1000)),
            21 => Self::CutForGood,
            // "Not now" and "no room" would be waited for.
            _ => Self::CodeForGood(FORMAT_1.start + u32::try_from(random.below(FORMAT_1.len())).unwrap()),
        }
    }

    /// How many commands it meets.
    pub(super) fn times(self) -> usize {
        match self {
            Self::Code(_, times) => times,
            Self::CutForGood | Self::CodeForGood(_) => usize::MAX,
            _ => 1,
        }
    }
}

fn code(random: &mut Random) -> u32 {
    let within = |random: &mut Random, range: std::ops::Range<u32>| {
        range.start + u32::try_from(random.below(range.len())).unwrap()
    };
    match random.below(8) {
        0 | 1 => within(random, ONE_PART),
        2 | 3 => within(random, WARNINGS),
        4..7 => within(random, FORMAT_1) | random.one_of(&PARTS),
        _ => *random.one_of(&OTHERS),
    }
}

/// The same bytes with one bit changed; one past the end counts from the beginning again.
pub(super) fn flip(bytes: &mut [u8], bit: usize) {
    let bit = bit % (bytes.len() * 8).max(1);
    if let Some(byte) = bytes.get_mut(bit / 8) {
        *byte ^= 0x80 >> (bit % 8);
    }
}

/// The first bytes of an answer, and its header says that there are no more.
pub(super) fn shorten(answer: &mut Vec<u8>, size: usize) {
    answer.truncate((size % answer.len()).max(10));
    let size = u32::try_from(answer.len()).unwrap().to_be_bytes();
    answer.splice(2..6, size);
}
