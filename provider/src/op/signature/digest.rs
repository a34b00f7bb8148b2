//! The digests in the names of signature algorithms, as types. Each row of the registry has one of them.

use std::ffi::CStr;

use crate::ffi::op::named_signature::DigestName;

macro_rules! digests {
    ($($digest:ident = $name:literal;)*) => {
        $(
            pub(crate) struct $digest;

            impl DigestName for $digest {
                const NAME: &'static CStr = $name;
            }
        )*
    };
}

digests! {
    Sha1 = c"SHA1";
    Sha224 = c"SHA2-224";
    Sha256 = c"SHA2-256";
    Sha384 = c"SHA2-384";
    Sha512 = c"SHA2-512";
    Sha512Of224 = c"SHA2-512/224";
    Sha512Of256 = c"SHA2-512/256";
    Sha3Of224 = c"SHA3-224";
    Sha3Of256 = c"SHA3-256";
    Sha3Of384 = c"SHA3-384";
    Sha3Of512 = c"SHA3-512";
    Sm3 = c"SM3";
    Ripemd160 = c"RIPEMD160";
}
