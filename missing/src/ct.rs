//! Steps without a branch, or an address, that depends on a secret; lengths of slices are public.
use subtle::{Choice, ConditionallySelectable as _};

/// How many bytes, as the number that secret places are computed in.
pub(crate) fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// Makes each byte of `to` that of `from` if `choice` is set.
pub(crate) fn assign(to: &mut [u8], from: &[u8], choice: Choice) {
    for (to, from) in to.iter_mut().zip(from) {
        to.conditional_assign(from, choice);
    }
}

/// How many bytes come before the first that `ends`, and 1 if none does, 0 if one does.
///
/// Sums on integers: [`Choice`] passes through memory at every step, and a chain of hundreds of them takes a time that
/// (barely measurable, but it is) depends on their values.
pub(crate) fn leading(bytes: &[u8], ends: impl Fn(&u8) -> Choice) -> (u32, u32) {
    let (mut count, mut leading) = (0_u32, 1);
    for byte in bytes {
        leading &= u32::from((!ends(byte)).unwrap_u8());
        count = count.wrapping_add(leading);
    }
    (count, leading)
}
