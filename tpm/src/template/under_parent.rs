//! Adapts the templates of new keys to their parent.

use keyfile::{Attributes, Public, PublicKey};

/// Returns the template adapted to this parent. A key is bound to the TPM only if its parent is (Part 2 §8.3.3.2). A parent that
/// never leaves its own parent has the same cipher (Part 3 §12.1, TPM_RC_SYMMETRIC). The name hash must be the same then too, but
/// passwords and policies depend on it, so the caller chooses it.
pub(crate) fn for_parent(parent: &Public, template: &Public) -> Public {
    let mut child = template.clone();
    if !parent.attributes.contains(Attributes::FIXED_TPM) {
        child.attributes = child.attributes.without(Attributes::FIXED_TPM);
    }
    let storage = Attributes::RESTRICTED | Attributes::DECRYPT | Attributes::FIXED_PARENT;
    if let (true, Some(cipher), PublicKey::Rsa { symmetric, .. } | PublicKey::Ecc { symmetric, .. }) =
        (child.attributes.contains(storage), parent.key.symmetric(), &mut child.key)
    {
        *symmetric = cipher;
    }
    child
}

#[cfg(test)]
mod tests {
    use keyfile::{Curve, Symmetric};

    use super::*;
    use crate::template::{Storage, Template, Usage};

    #[test]
    fn a_template_is_unchanged_under_a_standard_parent() {
        let parent = Storage::P256.template();
        for template in [Template::rsa(2048), Template::ecc(Curve::P256).usage(Usage::Parent)] {
            let template = template.public();
            assert_eq!(for_parent(&parent, &template), template);
        }
    }

    #[test]
    fn a_template_is_adapted_to_other_parents() {
        let mut parent = Storage::P256.template();
        parent.attributes = parent.attributes.without(Attributes::FIXED_TPM);
        if let PublicKey::Ecc { symmetric, .. } = &mut parent.key {
            *symmetric = Symmetric::AES_256_CFB;
        }
        let child = for_parent(&parent, &Template::ecc(Curve::P256).usage(Usage::Parent).public());
        assert_eq!(child.key.symmetric(), Some(Symmetric::AES_256_CFB));
        assert!(!child.attributes.contains(Attributes::FIXED_TPM));
        // A signing key has no cipher, and a key from outside keeps its own.
        let child = for_parent(&parent, &Template::ecc(Curve::P256).public());
        assert_eq!(child.key.symmetric(), Some(Symmetric::Null));
        let child = for_parent(
            &parent,
            &Template::wrapped_ecc(Curve::P256, &[1], &[2]).usage(Usage::Parent).public(),
        );
        assert_eq!(child.key.symmetric(), Some(Symmetric::AES_128_CFB));
    }
}
