//! Parts of a key, as libcrypto selects them (provider-keymgmt(7)).

/// A set of parts of a key: the OSSL_KEYMGMT_SELECT bits of core_dispatch.h.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Selection(pub(crate) i32);

impl Selection {
    /// The private half.
    pub(crate) const PRIVATE_KEY: Self = Self(1);
    /// The public half.
    pub(crate) const PUBLIC_KEY: Self = Self(2);
    /// The domain parameters: the curve.
    pub(crate) const DOMAIN: Self = Self(4);
    /// Other parameters.
    pub(crate) const OTHERS: Self = Self(0x80);
    /// All parameters.
    pub(crate) const PARAMETERS: Self = Self(Self::DOMAIN.0 | Self::OTHERS.0);
    /// The parameters and the public half.
    pub(crate) const PUBLIC: Self = Self(Self::PARAMETERS.0 | Self::PUBLIC_KEY.0);

    /// Both halves and the parameters.
    #[cfg(test)]
    pub(crate) const KEYPAIR: Self = Self(Self::PUBLIC.0 | Self::PRIVATE_KEY.0);
    /// Both halves without parameters.
    pub(crate) const KEYS: Self = Self(Self::PRIVATE_KEY.0 | Self::PUBLIC_KEY.0);

    /// Returns the set without `other`.
    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Returns true if the set contains one of these bits.
    pub(crate) const fn any(self, of: Self) -> bool {
        self.0 & of.0 != 0
    }
}
