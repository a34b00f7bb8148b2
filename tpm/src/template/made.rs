//! Compares a key that a TPM has made with its template.

use keyfile::{Public, PublicKey};

/// Returns true if a public area equals the template except for the values that the TPM fills in. Otherwise its Name does not show
/// what the key can do.
#[must_use]
pub fn matches_template(public: &Public, template: &Public) -> bool {
    let blank = |public: &Public| {
        let mut public = public.clone();
        match &mut public.key {
            PublicKey::Rsa { modulus, .. } => modulus.clear(),
            PublicKey::Ecc { x, y, .. } => {
                x.clear();
                y.clear();
            }
            PublicKey::KeyedHash { unique, .. } | PublicKey::SymCipher { unique, .. } => unique.clear(),
        }
        public
    };
    blank(public) == blank(template)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Storage;

    #[test]
    fn a_key_matches_its_template_only() {
        let mut made = Storage::P256.template();
        if let PublicKey::Ecc { x, y, .. } = &mut made.key {
            (*x, *y) = (vec![1; 32], vec![2; 32]);
        }
        assert!(matches_template(&made, &Storage::P256.template()));
        assert!(!matches_template(&made, &Storage::Rsa2048.template()));
    }
}
