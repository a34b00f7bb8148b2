//! The faults of the campaign.

use super::random::Random;

/// The fault at one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The TPM does not get the command, for this many commands; this code is answered instead.
    Code(u32, usize),
    /// The connection breaks before the TPM gets the command.
    CutBefore,
    /// The connection breaks after the TPM has executed the command.
    CutAfter,
    /// The connection stays broken until the operation has ended.
    CutForGood,
    /// Every command is answered with this code until the operation has ended.
    CodeForGood(u32),
    /// Only this many bytes of the answer arrive.
    Truncated(usize),
    /// The same, with a header that gives this size.
    Short(usize),
    /// One bit of the answer is flipped.
    Flipped(usize),
    /// One bit of the command is flipped.
    FlippedCommand(usize),
    /// An earlier answer is replayed, to the same command if there was one.
    Replayed(usize),
    /// An earlier answer to any command is replayed.
    Swapped(usize),
}

/// Every warning and error without a part that Part 2 §6.6.3 defines or reserves.
const ONE_PART: std::ops::Range<u32> = 0x100..0x160;
const WARNINGS: std::ops::Range<u32> = 0x901..0x924;
/// Codes about a part: the number of the code, and of the part.
const FORMAT_1: std::ops::Range<u32> = 0x080..0x0c0;
const PARTS: [u32; 8] = [0x000, 0x100, 0x200, 0x040 | 0x100, 0x040 | 0x200, 0x800, 0x900, 0xa00];
/// Codes of a TCTI, of resource managers, and undefined ones.
const OTHERS: [u32; 8] = [0x1e, 0x26, 0x500, 0xa_000a, 0xb_0902, 0xb_098e, 0xc_0903, 0xffff_ffff];
/// The codes of a busy TPM.
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
            // The header and the handle are a small and important part of an answer.
            14 => Self::Flipped(random.below(8 * 20)),
            15 | 16 => Self::Flipped(random.below(8 * 600)),
            17 => Self::FlippedCommand(random.below(8 * 600)),
            18 | 19 => Self::Replayed(random.below(1000)),
            20 => Self::Swapped(random.below(1000)),
            21 => Self::CutForGood,
            // Busy codes and missing slots would be waited for.
            _ => Self::CodeForGood(FORMAT_1.start + u32::try_from(random.below(FORMAT_1.len())).unwrap()),
        }
    }

    /// Returns true if the answer says that the password is wrong and that this counts towards the lockout: TPM_RC_AUTH_FAIL.
    pub(super) fn is_counted_refusal(self) -> bool {
        matches!(self, Self::Code(code, _) | Self::CodeForGood(code) if code & 0xbf == 0x8e)
    }

    /// Returns true if the TPM executes the command, and its answer arrives damaged or not at all.
    pub(super) fn damages_answer(self) -> bool {
        !matches!(
            self,
            Self::Code(..)
                | Self::CodeForGood(_)
                | Self::CutBefore
                | Self::CutForGood
                | Self::FlippedCommand(_)
        )
    }

    /// Returns the number of commands that the fault hits.
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

/// Flips one bit; a number past the end wraps around.
pub(super) fn flip(bytes: &mut [u8], bit: usize) {
    let bit = bit % (bytes.len() * 8).max(1);
    if let Some(byte) = bytes.get_mut(bit / 8) {
        *byte ^= 0x80 >> (bit % 8);
    }
}

/// Shortens an answer and adapts the size in its header.
pub(super) fn shorten(answer: &mut Vec<u8>, size: usize) {
    answer.truncate((size % answer.len()).max(10));
    let size = u32::try_from(answer.len()).unwrap().to_be_bytes();
    answer.splice(2..6, size);
}
