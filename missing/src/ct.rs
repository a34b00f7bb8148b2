//! Steps without a branch or an address that depends on a secret. The lengths of slices are public.
use subtle::{Choice, ConditionallySelectable as _};

/// Returns the length as the integer type of secret positions.
pub(crate) fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// Copies `from` to `to` if `choice` is set.
pub(crate) fn assign(to: &mut [u8], from: &[u8], choice: Choice) {
    for (to, from) in to.iter_mut().zip(from) {
        to.conditional_assign(from, choice);
    }
}

/// Returns how many bytes precede the first byte for which `ends` is set, and 1 if there is no such byte, otherwise 0.
///
/// Sums integers: [`Choice`] passes through memory at every step, and a chain of hundreds of them takes a time that depends on their
/// values. The difference is tiny but measurable.
pub(crate) fn leading(bytes: &[u8], ends: impl Fn(&u8) -> Choice) -> (u32, u32) {
    let (mut count, mut leading) = (0_u32, 1);
    for byte in bytes {
        leading &= u32::from((!ends(byte)).unwrap_u8());
        count = count.wrapping_add(leading);
    }
    (count, leading)
}
