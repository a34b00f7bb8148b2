//! TPM_ALG_ID (Part 2 §6.3, values from the TCG Algorithm Registry).

use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};
use std::fmt;

/// An algorithm identifier, with any value, known or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlgId(pub u16);

macro_rules! algorithms {
    ($($name:ident = $value:literal)*) => {
        impl AlgId {
            $(#[doc = concat!("`TPM_ALG_", stringify!($name), "`")] pub const $name: Self = Self($value);)*

            /// Returns the registry's name without `TPM_ALG_`, if it is known.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

algorithms! {
    RSA = 0x0001
    TDES = 0x0003
    SHA1 = 0x0004
    HMAC = 0x0005
    AES = 0x0006
    MGF1 = 0x0007
    KEYEDHASH = 0x0008
    XOR = 0x000a
    SHA256 = 0x000b
    SHA384 = 0x000c
    SHA512 = 0x000d
    SHA256_192 = 0x000e
    NULL = 0x0010
    SM3_256 = 0x0012
    SM4 = 0x0013
    RSASSA = 0x0014
    RSAES = 0x0015
    RSAPSS = 0x0016
    OAEP = 0x0017
    ECDSA = 0x0018
    ECDH = 0x0019
    ECDAA = 0x001a
    SM2 = 0x001b
    ECSCHNORR = 0x001c
    ECMQV = 0x001d
    KDF1_SP800_56A = 0x0020
    KDF2 = 0x0021
    KDF1_SP800_108 = 0x0022
    ECC = 0x0023
    SYMCIPHER = 0x0025
    CAMELLIA = 0x0026
    SHA3_256 = 0x0027
    SHA3_384 = 0x0028
    SHA3_512 = 0x0029
    CMAC = 0x003f
    CTR = 0x0040
    OFB = 0x0041
    CBC = 0x0042
    CFB = 0x0043
    ECB = 0x0044
}

impl fmt::Display for AlgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "TPM_ALG_{name}"),
            None => write!(f, "algorithm {:#06x}", self.0),
        }
    }
}

impl Marshal for AlgId {
    fn marshal(&self, w: &mut Writer) {
        w.u16(self.0);
    }
}

impl Unmarshal for AlgId {
    fn unmarshal(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.u16().map(Self)
    }
}
