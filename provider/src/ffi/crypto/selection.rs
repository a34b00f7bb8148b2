//! Parts of a key, as libcrypto selects them (provider-keymgmt(7)).

/// Parts of a key, a set of the OSSL_KEYMGMT_SELECT bits of core_dispatch.h.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Selection(pub(crate) i32);

impl Selection {
    /// OSSL_KEYMGMT_SELECT_PRIVATE_KEY.
    pub(crate) const PRIVATE_KEY: Self = Self(0x01);
    /// OSSL_KEYMGMT_SELECT_PUBLIC_KEY.
    pub(crate) const PUBLIC_KEY: Self = Self(0x02);
    /// OSSL_KEYMGMT_SELECT_ALL_PARAMETERS.
    pub(crate) const PARAMETERS: Self = Self(0x84);
    /// EVP_PKEY_PUBLIC_KEY: parameters and public half.
    pub(crate) const PUBLIC: Self = Self(0x86);

    /// EVP_PKEY_KEYPAIR: all of it.
    #[cfg(test)]
    pub(crate) const KEYPAIR: Self = Self(0x87);
    /// Both halves without parameters.
    pub(crate) const KEYS: Self = Self(0x03);

    /// The set without `other`.
    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether one of the bits is set.
    pub(crate) const fn any(self, of: Self) -> bool {
        self.0 & of.0 != 0
    }
}
