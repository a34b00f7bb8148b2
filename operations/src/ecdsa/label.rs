//! Fits a digest of any length into TPM2_Sign for ECDSA, which requires a digest exactly as long as the hash
//! it is labelled with.
//!
//! ECDSA signs e, the leftmost bits of the digest, as many as the order of the curve has (FIPS 186-5 §6.4.1).
//! The TPM extracts e from its input by the same rule. So the input is built such that the TPM finds the same
//! number.

use keyfile::HashAlg;

/// The hashes that can label a digest, the shortest first. SHA-1 is missing because TPMs and policies retire
/// it.
const LABELS: [HashAlg; 3] = [HashAlg::Sha256, HashAlg::Sha384, HashAlg::Sha512];

/// Returns the labels that can carry e, with the input for each: the shortest first, or only the key's hash.
pub(super) fn labelled(digest: &[u8], order_bits: usize, fixed: Option<HashAlg>) -> Vec<(HashAlg, Vec<u8>)> {
    let e = leftmost(digest, order_bits);
    let labels = fixed.map_or_else(|| LABELS.to_vec(), |hash| vec![hash]);
    labels.into_iter().filter_map(|hash| Some((hash, placed(&e, order_bits, hash.size())?))).collect()
}

/// Returns e as bytes, most significant first.
fn leftmost(digest: &[u8], order_bits: usize) -> Vec<u8> {
    let whole = order_bits.div_ceil(8);
    let mut e = digest.get(..whole).unwrap_or(digest).to_vec();
    if digest.len() >= whole {
        shift_right(&mut e, whole * 8 - order_bits);
    }
    let zeros = e.iter().take_while(|byte| **byte == 0).count();
    e.split_off(zeros)
}

/// Returns `size` bytes whose leftmost bits, as many as the order has, are e. Returns `None` if e is longer.
fn placed(e: &[u8], order_bits: usize, size: usize) -> Option<Vec<u8>> {
    // A hash that is longer than the order loses its right end, so e is placed to the left of it.
    let lost = (size * 8).saturating_sub(order_bits);
    let mut bytes = vec![0; size.checked_sub(lost / 8)?.checked_sub(e.len())?];
    bytes.extend_from_slice(e);
    shift_left(&mut bytes, lost % 8);
    bytes.resize(size, 0);
    Some(bytes)
}

/// Shifts by less than eight bits.
fn shift_right(bytes: &mut [u8], bits: usize) {
    let mut carry = 0;
    for byte in bytes {
        let wide = u16::from_be_bytes([*byte, 0]) >> bits;
        let [high, low] = wide.to_be_bytes();
        *byte = high | carry;
        carry = low;
    }
}

/// Shifts by less than eight bits.
fn shift_left(bytes: &mut [u8], bits: usize) {
    let mut carry = 0;
    for byte in bytes.iter_mut().rev() {
        let wide = u16::from(*byte) << bits;
        let [high, low] = wide.to_be_bytes();
        *byte = low | carry;
        carry = high;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// e as the TPM extracts it from its input.
    fn taken(bytes: &[u8], order_bits: usize) -> Vec<u8> {
        leftmost(bytes, order_bits)
    }

    #[test]
    fn the_tpm_extracts_the_same_number() {
        let digest: Vec<u8> = (1..=80).collect();
        for order_bits in [192, 224, 256, 384, 521, 638] {
            for length in [0, 1, 16, 20, 28, 32, 36, 48, 64, 65, 66, 80] {
                let digest = &digest[..length];
                for fixed in [None, Some(HashAlg::Sha1), Some(HashAlg::Sha256), Some(HashAlg::Sha512)] {
                    for (hash, bytes) in labelled(digest, order_bits, fixed) {
                        assert_eq!(bytes.len(), hash.size());
                        assert_eq!(
                            taken(&bytes, order_bits),
                            leftmost(digest, order_bits),
                            "{length} {order_bits} {hash}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn the_shortest_label_that_fits_is_first() {
        let label = |length: usize, order_bits| {
            labelled(&vec![0xff; length], order_bits, None).first().map(|(hash, _)| *hash)
        };
        assert_eq!(label(20, 256), Some(HashAlg::Sha256), "never SHA-1");
        assert_eq!(label(64, 256), Some(HashAlg::Sha256));
        assert_eq!(label(64, 224), Some(HashAlg::Sha256));
        assert_eq!(label(48, 384), Some(HashAlg::Sha384));
        assert_eq!(label(28, 521), Some(HashAlg::Sha256));
        assert_eq!(label(64, 521), Some(HashAlg::Sha512));
        assert_eq!(label(66, 521), None, "521 bits do not fit into any hash");
    }

    #[test]
    fn e_is_placed_at_the_left_of_a_long_hash_and_at_the_right_of_a_short_digest() {
        let placed = |digest: &[u8], order_bits, hash| labelled(digest, order_bits, Some(hash)).remove(0).1;
        assert_eq!(placed(&[1, 2], 256, HashAlg::Sha256)[29..], [0, 1, 2]);
        let wide = placed(&[0xff; 20], 256, HashAlg::Sha512);
        assert_eq!((&wide[..12], &wide[12..32], &wide[32..]), (&[0; 12][..], &[0xff; 20][..], &[0; 32][..]));
        assert!(labelled(&[0xff; 32], 256, Some(HashAlg::Sha1)).is_empty());
    }
}
