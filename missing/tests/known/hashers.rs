//! The hash functions of the known answers, by OpenSSL's names.
use missing::{Digest, Hasher, RustCrypto};

/// Returns the hash function with this name.
pub(crate) fn named(name: &str) -> Box<dyn Hasher> {
    match Digest::from_name(name).unwrap() {
        Digest::Sha1 => Box::new(RustCrypto::<sha1::Sha1>::new()),
        Digest::Sha224 => Box::new(RustCrypto::<sha2::Sha224>::new()),
        Digest::Sha256 => Box::new(RustCrypto::<sha2::Sha256>::new()),
        Digest::Sha384 => Box::new(RustCrypto::<sha2::Sha384>::new()),
        Digest::Sha512 => Box::new(RustCrypto::<sha2::Sha512>::new()),
        Digest::Sha512_256 => Box::new(RustCrypto::<sha2::Sha512_256>::new()),
        Digest::Sha3_256 => Box::new(RustCrypto::<sha3::Sha3_256>::new()),
        Digest::Sha3_512 => Box::new(RustCrypto::<sha3::Sha3_512>::new()),
        digest => panic!("no hash function for {digest}"),
    }
}
