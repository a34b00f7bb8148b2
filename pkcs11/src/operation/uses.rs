//! What the TPM lets a private half do.

use keyfile::{AlgId, Attributes, Public};
use operations::rsa::decrypts_anything;

/// The permitted operations of a key.
#[derive(Clone, Copy)]
pub(crate) struct Uses {
    pub(crate) is_rsa: bool,
    pub(crate) sign: bool,
    /// Decrypts, or agrees on keys.
    pub(crate) decrypt: bool,
    /// Does the RSA operation without padding.
    pub(crate) raw_rsa: bool,
}

impl Uses {
    /// Reads the attributes. An RSA key that may decrypt everything also signs, by raw RSA.
    pub(crate) fn of(public: &Public) -> Self {
        let is_rsa = public.key.kind() == AlgId::RSA;
        let decrypt = public.attributes.contains(Attributes::DECRYPT)
            && !public.attributes.contains(Attributes::RESTRICTED);
        let raw_rsa = is_rsa && decrypts_anything(public);
        Self { is_rsa, sign: public.attributes.contains(Attributes::SIGN) || raw_rsa, decrypt, raw_rsa }
    }
}
