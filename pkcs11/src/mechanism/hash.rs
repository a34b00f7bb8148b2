//! The hash functions in mechanisms, by the RustCrypto crates.

use cryptoki_sys::*;
use digest::DynDigest;
use missing::RustCrypto;
use operations::Digest;

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha3Of224,
    Sha3Of256,
    Sha3Of384,
    Sha3Of512,
}

/// A hash in progress.
pub(crate) type Hashing = Box<dyn DynDigest + Send>;

/// The hash function, its mechanism, and its mask generation function.
type Row = (Hash, CK_MECHANISM_TYPE, CK_RSA_PKCS_MGF_TYPE);

const TABLE: [Row; 9] = [
    (Hash::Sha1, CKM_SHA_1, CKG_MGF1_SHA1),
    (Hash::Sha224, CKM_SHA224, CKG_MGF1_SHA224),
    (Hash::Sha256, CKM_SHA256, CKG_MGF1_SHA256),
    (Hash::Sha384, CKM_SHA384, CKG_MGF1_SHA384),
    (Hash::Sha512, CKM_SHA512, CKG_MGF1_SHA512),
    (Hash::Sha3Of224, CKM_SHA3_224, CKG_MGF1_SHA3_224),
    (Hash::Sha3Of256, CKM_SHA3_256, CKG_MGF1_SHA3_256),
    (Hash::Sha3Of384, CKM_SHA3_384, CKG_MGF1_SHA3_384),
    (Hash::Sha3Of512, CKM_SHA3_512, CKG_MGF1_SHA3_512),
];

impl Hash {
    /// Returns the hash function of a mechanism such as CKM_SHA256.
    pub(crate) fn of_mechanism(mechanism: CK_MECHANISM_TYPE) -> Option<Self> {
        TABLE.iter().find(|row| row.1 == mechanism).map(|row| row.0)
    }

    /// Returns the hash function of a mask generation function.
    pub(crate) fn of_mgf(mgf: CK_RSA_PKCS_MGF_TYPE) -> Option<Self> {
        TABLE.iter().find(|row| row.2 == mgf).map(|row| row.0)
    }

    /// Returns the digest for an operation.
    pub(crate) fn digest(self) -> Digest<'static> {
        macro_rules! digest {
            ($name:literal, $hash:ty) => {{
                static HASHER: RustCrypto<$hash> = RustCrypto::new();
                Digest::new($name, &HASHER)
            }};
        }
        match self {
            Self::Sha1 => digest!("SHA1", sha1::Sha1),
            Self::Sha224 => digest!("SHA2-224", sha2::Sha224),
            Self::Sha256 => digest!("SHA2-256", sha2::Sha256),
            Self::Sha384 => digest!("SHA2-384", sha2::Sha384),
            Self::Sha512 => digest!("SHA2-512", sha2::Sha512),
            Self::Sha3Of224 => digest!("SHA3-224", sha3::Sha3_224),
            Self::Sha3Of256 => digest!("SHA3-256", sha3::Sha3_256),
            Self::Sha3Of384 => digest!("SHA3-384", sha3::Sha3_384),
            Self::Sha3Of512 => digest!("SHA3-512", sha3::Sha3_512),
        }
    }

    /// Begins a hash.
    pub(crate) fn begin(self) -> Hashing {
        match self {
            Self::Sha1 => Box::new(sha1::Sha1::default()),
            Self::Sha224 => Box::new(sha2::Sha224::default()),
            Self::Sha256 => Box::new(sha2::Sha256::default()),
            Self::Sha384 => Box::new(sha2::Sha384::default()),
            Self::Sha512 => Box::new(sha2::Sha512::default()),
            Self::Sha3Of224 => Box::new(sha3::Sha3_224::default()),
            Self::Sha3Of256 => Box::new(sha3::Sha3_256::default()),
            Self::Sha3Of384 => Box::new(sha3::Sha3_384::default()),
            Self::Sha3Of512 => Box::new(sha3::Sha3_512::default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_in_progress_is_the_hash_of_the_operation() {
        for (hash, mechanism, mgf) in TABLE {
            assert_eq!((Hash::of_mechanism(mechanism), Hash::of_mgf(mgf)), (Some(hash), Some(hash)));
            assert_eq!(hash.begin().output_size(), hash.digest().size(), "{hash:?}");
        }
    }
}
