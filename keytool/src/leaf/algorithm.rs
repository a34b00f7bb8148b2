//! The algorithm of the leaf key.

use clap::ValueEnum;
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::pkey_ctx::PkeyCtx;

/// The key types that browsers accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Algorithm {
    #[value(name = "P-256")]
    P256,
    #[value(name = "P-384")]
    P384,
    #[value(name = "RSA-2048")]
    Rsa2048,
    #[value(name = "RSA-3072")]
    Rsa3072,
}

impl Algorithm {
    /// Makes a key in software, with the providers of the setting `software`.
    ///
    /// # Errors
    /// OpenSSL fails.
    pub(super) fn generate(self) -> Result<PKey<Private>, ErrorStack> {
        match self {
            Self::P256 => ec(Nid::X9_62_PRIME256V1),
            Self::P384 => ec(Nid::SECP384R1),
            Self::Rsa2048 => rsa(2048),
            Self::Rsa3072 => rsa(3072),
        }
    }
}

fn ec(curve: Nid) -> Result<PKey<Private>, ErrorStack> {
    let mut context = PkeyCtx::new_id(Id::EC)?;
    context.keygen_init()?;
    context.set_ec_paramgen_curve_nid(curve)?;
    context.keygen()
}

fn rsa(bits: u32) -> Result<PKey<Private>, ErrorStack> {
    let mut context = PkeyCtx::new_id(Id::RSA)?;
    context.keygen_init()?;
    context.set_rsa_keygen_bits(bits)?;
    context.keygen()
}
