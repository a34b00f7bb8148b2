//! KDFe: derives a seed from an ECDH secret (TPM 2.0 Part 1 §11.4.10.3, based on SP 800-56A).

use keyfile::HashAlg;
use zeroize::Zeroizing;

use crate::kdfa::fill;

/// Derives `bits` bits from the x coordinate `z` of the shared point. `party_u` and `party_v` are the x coordinates of the ephemeral
/// and the static public key. The label is hashed with a terminating zero byte, which `label` does not contain.
pub fn kdfe(
    hash: HashAlg,
    z: &[u8],
    label: &str,
    party_u: &[u8],
    party_v: &[u8],
    bits: u32,
) -> Zeroizing<Vec<u8>> {
    fill(bits, |counter| {
        Zeroizing::new(hash.digest(&[&counter.to_be_bytes(), z, label.as_bytes(), &[0], party_u, party_v]))
    })
}

#[cfg(test)]
mod tests {
    use super::kdfe;
    use crate::vectors::of;

    #[test]
    fn kdfe_matches_the_vectors() {
        for v in of("kdfe") {
            let (u, w) = (v.bytes("u"), v.bytes("v"));
            let out = kdfe(v.hash(), &v.bytes("z"), v.text("label"), &u, &w, v.number("bits"));
            assert_eq!(*out, v.bytes("out"), "{v}");
        }
    }
}
