//! The parent of an importable object, of which only the public key in a file is known. No TPM is used.

use std::path::Path;

use keyfile::{Attributes, Handle, Public, PublicKey};
use tpm::template::Storage;

use crate::error::Error;
use crate::public_key::{self, PublicArea};
use crate::terminal;

/// The public area that an object is encrypted for.
pub(crate) struct ParentArea {
    /// The area. Its key, name hash and cipher are used.
    pub(crate) public: Public,
    /// True if the parent is the RSA-2048 storage key of a hierarchy (rsaParent of the key file).
    pub(crate) rsa: bool,
}

impl ParentArea {
    /// Reads the area from `path`. `handle` is the parent's handle on the machine that imports the object.
    ///
    /// # Errors
    /// The file contains no public key of a parent, or of one that cannot be at `handle`.
    pub(crate) fn read(path: &Path, handle: Handle) -> Result<Self, Error> {
        let public = match public_key::read(path)? {
            PublicArea::Whole(public) => public,
            PublicArea::Key(key) => {
                terminal::notice(format_args!(
                    "assuming that {} belongs to a standard storage key: name hash sha256, AES-128-CFB; give its public area (tpm2_readpublic) to be certain",
                    path.display()
                ));
                standard(key)
            }
        };
        if !public.attributes.contains(Attributes::RESTRICTED | Attributes::DECRYPT) {
            let problem = format!("this key is not a parent: its attributes are {}", public.attributes);
            return Err(Error::file(path, problem, "name the public area of a storage key"));
        }
        if !public.attributes.contains(Attributes::USER_WITH_AUTH) {
            let problem = "this key can only be used with a policy, not with its password";
            return Err(Error::file(
                path,
                problem,
                "name the public area of a storage key, not of an endorsement key",
            ));
        }
        let rsa = handle.is_hierarchy() && matches!(public.key, PublicKey::Rsa { .. });
        if handle.is_hierarchy() && template_of(&public) != Storage::standard(rsa).template() {
            return Err(Error::file(
                path,
                format!(
                    "it is not a storage key of a hierarchy ({handle}), which is P-256 or RSA-2048 and has the standard template"
                ),
                "give the persistent handle of the parent (-p 81……)",
            ));
        }
        Ok(ParentArea { public, rsa })
    }
}

/// Returns the area of a storage key with this public key (EK credential profile §B.4, "H" templates).
fn standard(mut key: PublicKey) -> Public {
    let template = Storage::standard(matches!(key, PublicKey::Rsa { .. })).template();
    let cipher = template.key.symmetric().unwrap_or_default();
    if let PublicKey::Rsa { symmetric, .. } | PublicKey::Ecc { symmetric, .. } = &mut key {
        *symmetric = cipher;
    }
    if let PublicKey::Rsa { exponent: exponent @ PublicKey::DEFAULT_EXPONENT, .. } = &mut key {
        *exponent = 0;
    }
    Public { key, ..template }
}

/// Returns the template of an area.
fn template_of(public: &Public) -> Public {
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
    fn bare_key_gets_the_storage_template() {
        let public = standard(point(Curve::P256));
        assert_eq!(template_of(&public), Storage::P256.template());
        let public = standard(point(Curve::P384));
        assert_eq!(public.name_alg, HashAlg::Sha256);
        assert_eq!(public.key.symmetric(), Some(Symmetric::AES_128_CFB));
        assert_eq!(public.key.kind(), AlgId::ECC);
        assert_ne!(template_of(&public), Storage::P256.template());
    }
}
