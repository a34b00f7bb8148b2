//! Parts of a key, as libcrypto selects them (provider-keymgmt(7)).

use openssl_sys::{
    EVP_PKEY_PUBLIC_KEY, OSSL_KEYMGMT_SELECT_ALL_PARAMETERS, OSSL_KEYMGMT_SELECT_PRIVATE_KEY,
    OSSL_KEYMGMT_SELECT_PUBLIC_KEY,
};

/// Parts of a key, a set of the OSSL_KEYMGMT_SELECT bits of core_dispatch.h.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Selection(pub(crate) i32);

impl Selection {
    /// The private half.
    pub(crate) const PRIVATE_KEY: Self = Self(OSSL_KEYMGMT_SELECT_PRIVATE_KEY);
    /// The public half.
    pub(crate) const PUBLIC_KEY: Self = Self(OSSL_KEYMGMT_SELECT_PUBLIC_KEY);
    /// The parameters of both.
    pub(crate) const PARAMETERS: Self = Self(OSSL_KEYMGMT_SELECT_ALL_PARAMETERS);
    /// Parameters and public half.
    pub(crate) const PUBLIC: Self = Self(EVP_PKEY_PUBLIC_KEY);

    /// All of it.
    #[cfg(test)]
    pub(crate) const KEYPAIR: Self = Self(openssl_sys::EVP_PKEY_KEYPAIR);
    /// Both halves without parameters.
    pub(crate) const KEYS: Self = Self(OSSL_KEYMGMT_SELECT_PRIVATE_KEY | OSSL_KEYMGMT_SELECT_PUBLIC_KEY);

    /// The set without `other`.
    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether one of the bits is set.
    pub(crate) const fn any(self, of: Self) -> bool {
        self.0 & of.0 != 0
    }
}
