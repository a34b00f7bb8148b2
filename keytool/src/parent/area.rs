//! The parent of an importable object: all that is known of it is a public key in a file, and no TPM is asked.

use std::path::Path;

use keyfile::{Attributes, Handle, Public, PublicKey};
use tpm::template::storage_primary;

use crate::error::Error;
use crate::public_key::{self, PublicArea};
use crate::terminal;

/// The public area that an object is encrypted for.
pub(crate) struct ParentArea {
    /// The area: its key, its name hash and its cipher count.
    pub(crate) public: Public,
    /// With a hierarchy as parent: whether it is the RSA-2048 storage key (rsaParent of the key file).
    pub(crate) rsa: bool,
}

impl ParentArea {
    /// Reads it from `path`; the object will look for its parent at `handle`.
    ///
    /// # Errors
    /// The file holds no public key that could be a parent's, or not one that is found at `handle`.
    pub(crate) fn read(path: &Path, handle: Handle) -> Result<Self, Error> {
        let public = match public_key::read(path)? {
            PublicArea::Whole(public) => public,
            PublicArea::Key(key) => {
                terminal::notice(format_args!(
                    "assuming that {} is of a standard storage key: name hash sha256, AES-128-CFB (its whole public area, from tpm2_readpublic, would tell)",
                    path.display()
                ));
                standard(key)
            }
        };
        if !public.attributes.contains(Attributes::RESTRICTED | Attributes::DECRYPT) {
            let problem = format!("this key is no parent: it is {}", public.attributes);
            return Err(Error::file(path, problem, "name the public area of a storage key"));
        }
        if !public.attributes.contains(Attributes::USER_WITH_AUTH) {
            let problem = "only a policy, not its password, allows the use of this key";
            return Err(Error::file(
                path,
                problem,
                "name the public area of a storage key, not of an endorsement key",
            ));
        }
        let rsa = handle.is_hierarchy() && matches!(public.key, PublicKey::Rsa { .. });
        if handle.is_hierarchy() && blank(&public) != storage_primary(rsa) {
            return Err(Error::file(
                path,
                format!(
                    "it is not the storage key of a hierarchy ({handle}), which is P-256 or RSA-2048 by the standard template"
                ),
                "name the persistent handle where the parent is (-p 81……)",
            ));
        }
        Ok(ParentArea { public, rsa })
    }
}

/// The area of a storage key with this public key (EK credential profile §B.4, "H" templates).
fn standard(mut key: PublicKey) -> Public {
    let template = storage_primary(matches!(key, PublicKey::Rsa { .. }));
    let cipher = template.key.symmetric().unwrap_or_default();
    if let PublicKey::Rsa { symmetric, .. } | PublicKey::Ecc { symmetric, .. } = &mut key {
        *symmetric = cipher;
    }
    if let PublicKey::Rsa { exponent: exponent @ PublicKey::DEFAULT_EXPONENT, .. } = &mut key {
        *exponent = 0;
    }
    Public { key, ..template }
}

/// The template that an area was made from.
fn blank(public: &Public) -> Public {
    let mut template = public.clone();
    match &mut template.key {
        PublicKey::Rsa { modulus, .. } => modulus.clear(),
        PublicKey::Ecc { x, y, .. } => {
            x.clear();
            y.clear();
        }
        _ => {}
    }
    template
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyfile::{AlgId, Curve, HashAlg, Kdf, Scheme, Symmetric};

    fn point(curve: Curve) -> PublicKey {
        let (symmetric, scheme, kdf) = (Symmetric::Null, Scheme::Null, Kdf::Null);
        PublicKey::Ecc { symmetric, scheme, curve, kdf, x: vec![1; 32], y: vec![2; 32] }
    }

    #[test]
    fn a_bare_key_becomes_a_storage_key() {
        let public = standard(point(Curve::P256));
        assert_eq!(blank(&public), storage_primary(false));
        let public = standard(point(Curve::P384));
        assert_eq!(public.name_alg, HashAlg::Sha256);
        assert_eq!(public.key.symmetric(), Some(Symmetric::AES_128_CFB));
        assert_eq!(public.key.kind(), AlgId::ECC);
        assert_ne!(blank(&public), storage_primary(false));
    }
}
