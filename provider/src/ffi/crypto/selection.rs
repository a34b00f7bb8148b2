//! Parts of a key, as libcrypto selects them (provider-keymgmt(7)).

/// Parts of a key, a set of the OSSL_KEYMGMT_SELECT bits of core_dispatch.h.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Selection(pub(crate) i32);

impl Selection {
    /// The private half.
    pub(crate) const PRIVATE_KEY: Self = Self(1);
    /// The public half.
    pub(crate) const PUBLIC_KEY: Self = Self(2);
    /// The parameters of the domain: the curve.
    pub(crate) const DOMAIN: Self = Self(4);
    /// Other parameters.
    pub(crate) const OTHERS: Self = Self(0x80);
    /// The parameters of both.
    pub(crate) const PARAMETERS: Self = Self(Self::DOMAIN.0 | Self::OTHERS.0);
    /// Parameters and public half.
    pub(crate) const PUBLIC: Self = Self(Self::PARAMETERS.0 | Self::PUBLIC_KEY.0);

    /// All of it.
    #[cfg(test)]
    pub(crate) const KEYPAIR: Self = Self(Self::PUBLIC.0 | Self::PRIVATE_KEY.0);
    /// Both halves without parameters.
    pub(crate) const KEYS: Self = Self(Self::PRIVATE_KEY.0 | Self::PUBLIC_KEY.0);

    /// The set without `other`.
    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether one of the bits is set.
    pub(crate) const fn any(self, of: Self) -> bool {
        self.0 & of.0 != 0
    }
}
