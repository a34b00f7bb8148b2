//! THE table: every mechanism, its key type and its functions.

use cryptoki_sys::*;

use super::Hash;
use crate::error::Error;

/// A mechanism.
pub(crate) struct Row {
    pub(crate) mechanism: CK_MECHANISM_TYPE,
    pub(crate) form: Form,
    /// The hash function in its name.
    pub(crate) hash: Option<Hash>,
}

/// What a mechanism does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// RSA without padding.
    RsaX509,
    /// PKCS#1 v1.5.
    RsaPkcs,
    RsaPss,
    RsaOaep,
    Ecdsa,
    Ecdh,
    RsaKeyPair,
    EcKeyPair,
}

const fn row(mechanism: CK_MECHANISM_TYPE, form: Form, hash: Option<Hash>) -> Row {
    Row { mechanism, form, hash }
}

#[rustfmt::skip]
static TABLE: [Row; 36] = [
    row(CKM_RSA_PKCS_KEY_PAIR_GEN, Form::RsaKeyPair, None),
    row(CKM_EC_KEY_PAIR_GEN, Form::EcKeyPair, None),
    row(CKM_RSA_PKCS, Form::RsaPkcs, None),
    row(CKM_RSA_X_509, Form::RsaX509, None),
    row(CKM_SHA1_RSA_PKCS, Form::RsaPkcs, Some(Hash::Sha1)),
    row(CKM_SHA224_RSA_PKCS, Form::RsaPkcs, Some(Hash::Sha224)),
    row(CKM_SHA256_RSA_PKCS, Form::RsaPkcs, Some(Hash::Sha256)),
    row(CKM_SHA384_RSA_PKCS, Form::RsaPkcs, Some(Hash::Sha384)),
    row(CKM_SHA512_RSA_PKCS, Form::RsaPkcs, Some(Hash::Sha512)),
    row(CKM_SHA3_224_RSA_PKCS, Form::RsaPkcs, Some(Hash::Sha3Of224)),
    row(CKM_SHA3_256_RSA_PKCS, Form::RsaPkcs, Some(Hash::Sha3Of256)),
    row(CKM_SHA3_384_RSA_PKCS, Form::RsaPkcs, Some(Hash::Sha3Of384)),
    row(CKM_SHA3_512_RSA_PKCS, Form::RsaPkcs, Some(Hash::Sha3Of512)),
    row(CKM_RSA_PKCS_PSS, Form::RsaPss, None),
    row(CKM_SHA1_RSA_PKCS_PSS, Form::RsaPss, Some(Hash::Sha1)),
    row(CKM_SHA224_RSA_PKCS_PSS, Form::RsaPss, Some(Hash::Sha224)),
    row(CKM_SHA256_RSA_PKCS_PSS, Form::RsaPss, Some(Hash::Sha256)),
    row(CKM_SHA384_RSA_PKCS_PSS, Form::RsaPss, Some(Hash::Sha384)),
    row(CKM_SHA512_RSA_PKCS_PSS, Form::RsaPss, Some(Hash::Sha512)),
    row(CKM_SHA3_224_RSA_PKCS_PSS, Form::RsaPss, Some(Hash::Sha3Of224)),
    row(CKM_SHA3_256_RSA_PKCS_PSS, Form::RsaPss, Some(Hash::Sha3Of256)),
    row(CKM_SHA3_384_RSA_PKCS_PSS, Form::RsaPss, Some(Hash::Sha3Of384)),
    row(CKM_SHA3_512_RSA_PKCS_PSS, Form::RsaPss, Some(Hash::Sha3Of512)),
    row(CKM_RSA_PKCS_OAEP, Form::RsaOaep, None),
    row(CKM_ECDSA, Form::Ecdsa, None),
    row(CKM_ECDSA_SHA1, Form::Ecdsa, Some(Hash::Sha1)),
    row(CKM_ECDSA_SHA224, Form::Ecdsa, Some(Hash::Sha224)),
    row(CKM_ECDSA_SHA256, Form::Ecdsa, Some(Hash::Sha256)),
    row(CKM_ECDSA_SHA384, Form::Ecdsa, Some(Hash::Sha384)),
    row(CKM_ECDSA_SHA512, Form::Ecdsa, Some(Hash::Sha512)),
    row(CKM_ECDSA_SHA3_224, Form::Ecdsa, Some(Hash::Sha3Of224)),
    row(CKM_ECDSA_SHA3_256, Form::Ecdsa, Some(Hash::Sha3Of256)),
    row(CKM_ECDSA_SHA3_384, Form::Ecdsa, Some(Hash::Sha3Of384)),
    row(CKM_ECDSA_SHA3_512, Form::Ecdsa, Some(Hash::Sha3Of512)),
    row(CKM_ECDH1_DERIVE, Form::Ecdh, None),
    // The curves of TPMs have cofactor 1.
    row(CKM_ECDH1_COFACTOR_DERIVE, Form::Ecdh, None),
];

/// Returns the mechanisms of a token. Only a folder gets new keys.
pub(crate) fn of_token(writable: bool) -> impl Iterator<Item = &'static Row> {
    TABLE.iter().filter(move |row| writable || !matches!(row.form, Form::RsaKeyPair | Form::EcKeyPair))
}

/// Returns the row of a mechanism.
///
/// # Errors
/// CKR_MECHANISM_INVALID
pub(crate) fn find(mechanism: CK_MECHANISM_TYPE) -> Result<&'static Row, Error> {
    TABLE.iter().find(|row| row.mechanism == mechanism).ok_or_else(|| unknown(mechanism))
}

/// Returns the error for a mechanism that this module, or the token, does not have.
pub(crate) fn unknown(mechanism: CK_MECHANISM_TYPE) -> Error {
    Error::new(CKR_MECHANISM_INVALID, format!("mechanism 0x{mechanism:x} is not supported here"))
}

impl Row {
    /// Returns true if the mechanism is for RSA keys.
    pub(crate) fn is_rsa(&self) -> bool {
        !matches!(self.form, Form::Ecdsa | Form::Ecdh | Form::EcKeyPair)
    }

    /// Returns the sizes of keys in bits, and the functions.
    pub(crate) fn info(&self) -> CK_MECHANISM_INFO {
        const EC: CK_FLAGS = CKF_EC_F_P | CKF_EC_OID | CKF_EC_UNCOMPRESS;
        let flags = match self.form {
            Form::RsaX509 | Form::RsaPkcs if self.hash.is_none() => CKF_SIGN | CKF_SIGN_RECOVER | CKF_DECRYPT,
            Form::RsaX509 | Form::RsaPkcs | Form::RsaPss => CKF_SIGN,
            Form::RsaOaep => CKF_DECRYPT,
            Form::Ecdsa => CKF_SIGN | EC,
            Form::Ecdh => CKF_DERIVE | EC,
            Form::RsaKeyPair => CKF_GENERATE_KEY_PAIR,
            Form::EcKeyPair => CKF_GENERATE_KEY_PAIR | EC,
        };
        let (least, most) = if self.is_rsa() { (1024, 4096) } else { (192, 638) };
        CK_MECHANISM_INFO { ulMinKeySize: least, ulMaxKeySize: most, flags: flags | CKF_HW }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mechanism_is_listed_once() {
        for (at, row) in TABLE.iter().enumerate() {
            assert!(
                !TABLE[..at].iter().any(|before| before.mechanism == row.mechanism),
                "0x{:x}",
                row.mechanism
            );
            assert_ne!(row.info().flags & !CKF_HW, 0);
        }
        assert_eq!(of_token(true).count(), TABLE.len());
        assert_eq!(of_token(false).count(), TABLE.len() - 2);
        assert_eq!(find(CKM_AES_CBC).err().map(|error| error.code()), Some(CKR_MECHANISM_INVALID));
    }
}
