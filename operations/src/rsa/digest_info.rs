//! Recognizes a DigestInfo that the caller built itself (CKM_RSA_PKCS of PKCS#11, `pkeyutl -sign` without a digest).

use keyfile::HashAlg;

use crate::digest;

/// Returns the hash and the digest of a whole DigestInfo (RFC 8017 §9.2, note 1) with a hash of the TPM.
pub(super) fn parse(bytes: &[u8]) -> Option<(HashAlg, &[u8])> {
    HashAlg::ALL.into_iter().find_map(|hash| {
        let digest = bytes.strip_prefix(missing::digest_info::prefix(digest::of_tpm(hash)))?;
        (digest.len() == hash.size()).then_some((hash, digest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_digest_info_is_recognized() {
        for hash in HashAlg::ALL {
            let digest = vec![7; hash.size()];
            let info = [missing::digest_info::prefix(digest::of_tpm(hash)), &digest].concat();
            assert_eq!(parse(&info), Some((hash, &digest[..])));
            assert_eq!(parse(&info[..info.len() - 1]), None);
            assert_eq!(parse(&[&info[..], &[0]].concat()), None);
            assert_eq!(parse(&digest), None);
        }
        let other = [missing::digest_info::prefix(missing::Digest::Sha3_256), &[7; 32]].concat();
        assert_eq!(parse(&other), None);
        assert_eq!(parse(b""), None);
    }
}
