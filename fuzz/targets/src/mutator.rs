//! Makes mutants of valid inputs, the same ones in each run.

/// Bytes at which the meaning of lengths, counts and tags changes.
const BOUNDARIES: [u8; 12] = [0x00, 0x01, 0x02, 0x10, 0x20, 0x30, 0x40, 0x7f, 0x80, 0x81, 0xa0, 0xff];

/// A source of mutants.
pub struct Mutator(u64);

impl Mutator {
    /// Returns the mutants of a seed number, which must not be 0.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    /// Returns a mutant of one of the inputs.
    pub fn mutant(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = self.one_of(inputs).clone();
        for _ in 0..=self.below(6) {
            self.damage(&mut bytes, inputs);
        }
        bytes
    }

    fn damage(&mut self, bytes: &mut Vec<u8>, inputs: &[Vec<u8>]) {
        let at = self.below(bytes.len() + 1);
        let end = (at + 1 + self.below(16)).min(bytes.len());
        match self.below(9) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => bytes.insert(at, self.byte()),
            3 => {
                let copied = bytes[at..end].to_vec();
                bytes.splice(at..at, copied);
            }
            4 => {
                let other = self.one_of(inputs);
                let from = self.below(other.len() + 1);
                let to = (from + 1 + self.below(64)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            5 | 6 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            7 if at < bytes.len() => bytes[at] = BOUNDARIES[self.below(BOUNDARIES.len())],
            _ if at < bytes.len() => bytes[at] = self.byte(),
            _ => bytes.push(self.byte()),
        }
    }

    fn one_of<'a>(&mut self, inputs: &'a [Vec<u8>]) -> &'a Vec<u8> {
        &inputs[self.below(inputs.len())]
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[3]
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    /// Returns the next number of Marsaglia's xorshift.
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
