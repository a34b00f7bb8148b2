//! The algorithm numbers of COSE (IANA registry "COSE Algorithms"), and the signature schemes of TPMs that they stand for.

use keyfile::{AlgId, HashAlg};

/// (number, scheme, hash)
const TABLE: [(i64, AlgId, HashAlg); 10] = [
    (-7, AlgId::ECDSA, HashAlg::Sha256),
    (-35, AlgId::ECDSA, HashAlg::Sha384),
    (-36, AlgId::ECDSA, HashAlg::Sha512),
    (-37, AlgId::RSAPSS, HashAlg::Sha256),
    (-38, AlgId::RSAPSS, HashAlg::Sha384),
    (-39, AlgId::RSAPSS, HashAlg::Sha512),
    (-257, AlgId::RSASSA, HashAlg::Sha256),
    (-258, AlgId::RSASSA, HashAlg::Sha384),
    (-259, AlgId::RSASSA, HashAlg::Sha512),
    (-65535, AlgId::RSASSA, HashAlg::Sha1),
];

/// Returns the scheme and the hash of an algorithm number.
#[must_use]
pub fn scheme(number: i64) -> Option<(AlgId, HashAlg)> {
    TABLE.iter().find(|row| row.0 == number).map(|row| (row.1, row.2))
}

/// Returns the algorithm number of a scheme with a hash.
#[must_use]
pub fn number(scheme: AlgId, hash: HashAlg) -> Option<i64> {
    TABLE.iter().find(|row| (row.1, row.2) == (scheme, hash)).map(|row| row.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_schemes_are_the_same_both_ways() {
        for (number_, scheme_, hash) in TABLE {
            assert_eq!((scheme(number_), number(scheme_, hash)), (Some((scheme_, hash)), Some(number_)));
        }
        // ES256K and EdDSA
        assert_eq!((scheme(-47), scheme(-8), number(AlgId::ECDSA, HashAlg::Sha1)), (None, None, None));
    }
}
