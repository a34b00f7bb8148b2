//! The length of an answer.

/// The size of the longest answer (TPM2_MAX_RESPONSE_SIZE of the TCG's PC Client profile; Linux's TPM_BUFSIZE).
pub(super) const LARGEST: usize = 4096;

/// Returns the size of the whole answer as far as the received bytes show it: the header contains it (Part 1 §18.2).
pub(super) fn size(received: &[u8]) -> usize {
    const HEADER: usize = 10;
    received.get(2..).and_then(leading_u32).map_or(HEADER, |size| size.clamp(HEADER, LARGEST))
}

/// Returns the number at the beginning, if it is complete.
pub(super) fn leading_u32(bytes: &[u8]) -> Option<usize> {
    let number = bytes.first_chunk().copied().map(u32::from_be_bytes)?;
    usize::try_from(number).ok()
}
