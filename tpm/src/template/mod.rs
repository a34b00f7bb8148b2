//! Templates of new keys, for CreatePrimary, Create and the wrapping of software keys.

mod made;
mod sealed;
mod storage;
pub(crate) mod under_parent;

pub use made::matches_template;
pub use sealed::wrap_data;
pub use storage::{SRK, Storage};

use keyfile::{Attributes, Curve, HashAlg, Kdf, KeyedHashScheme, Public, PublicKey, Scheme, Symmetric};

/// The most bytes that one object can seal (MAX_SYM_DATA of Part 2 §11.1.14; all TPMs report this number).
pub const MAX_SEALED: usize = 128;

/// The template of a new key. The defaults suit a server's signing key: SHA-256 name, no policy, no dictionary-attack protection.
#[derive(Clone, Debug)]
pub struct Template {
    key: PublicKey,
    name_alg: HashAlg,
    usage: Usage,
    da: bool,
    policy: Option<Vec<u8>>,
}

/// The permitted uses of the private half.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Usage {
    /// Sign and decrypt with any scheme, so that raw RSA and ECDH work too.
    #[default]
    SignDecrypt,
    /// Decrypt only: for a TPM that refuses both uses with scheme NULL. Signing by raw RSA decryption still works.
    Decrypt,
    /// Sign only.
    Sign,
    /// No use: it is sealed data.
    Data,
    /// Parent: restricted decryption, with AES-128-CFB for the children.
    Parent,
}

impl Template {
    /// Creates the template of an RSA key that the TPM makes.
    #[must_use]
    pub fn rsa(bits: u16) -> Self {
        Self::of(PublicKey::Rsa {
            symmetric: Symmetric::Null,
            scheme: Scheme::Null,
            bits,
            exponent: 0,
            modulus: Vec::new(),
        })
    }

    /// Creates the template of an EC key that the TPM makes.
    #[must_use]
    pub fn ecc(curve: Curve) -> Self {
        Self::with_point(curve, Vec::new(), Vec::new())
    }

    /// Creates the template of an RSA key from outside. The modulus is a big-endian number without leading zeros.
    #[must_use]
    pub fn wrapped_rsa(modulus: &[u8], exponent: u32) -> Self {
        let bits = u16::try_from(modulus.len().saturating_mul(8)).unwrap_or(u16::MAX);
        let key = Self::of(PublicKey::Rsa {
            symmetric: Symmetric::Null,
            scheme: Scheme::Null,
            bits,
            exponent: 0,
            modulus: modulus.to_vec(),
        });
        key.exponent(exponent)
    }

    /// Creates the template of an EC key from outside.
    #[must_use]
    pub fn wrapped_ecc(curve: Curve, x: &[u8], y: &[u8]) -> Self {
        let pad = |c: &[u8]| [vec![0; curve.field_bytes().saturating_sub(c.len())], c.to_vec()].concat();
        Self::with_point(curve, pad(x), pad(y))
    }

    /// Creates the template of sealed data. It may be duplicated to other parents if its policy allows that; the caller adds
    /// [`Attributes::FIXED_TPM`] to prevent it.
    #[must_use]
    pub fn sealed() -> Self {
        let key = PublicKey::KeyedHash { scheme: KeyedHashScheme::Null, unique: Vec::new() };
        Self::of(key).usage(Usage::Data)
    }

    /// Sets the hash for Name and policy.
    #[must_use]
    pub fn name_alg(self, name_alg: HashAlg) -> Self {
        Self { name_alg, ..self }
    }

    /// Sets the use.
    #[must_use]
    pub fn usage(self, usage: Usage) -> Self {
        Self { usage, ..self }
    }

    /// Fixes the key to one scheme.
    #[must_use]
    pub fn scheme(mut self, fixed: Scheme) -> Self {
        if let PublicKey::Rsa { scheme, .. } | PublicKey::Ecc { scheme, .. } = &mut self.key {
            *scheme = fixed;
        }
        self
    }

    /// Sets the public exponent of an RSA key.
    #[must_use]
    pub fn exponent(mut self, wanted: u32) -> Self {
        if let PublicKey::Rsa { exponent, .. } = &mut self.key {
            *exponent = if wanted == PublicKey::DEFAULT_EXPONENT { 0 } else { wanted };
        }
        self
    }

    /// Sets dictionary-attack protection: wrong passwords count towards the lockout.
    #[must_use]
    pub fn dictionary_attack_protection(self, da: bool) -> Self {
        Self { da, ..self }
    }

    /// Sets the policy, without which the key cannot be used. `digest` has the length of the name hash.
    #[must_use]
    pub fn policy(self, digest: Vec<u8>) -> Self {
        Self { policy: Some(digest), ..self }
    }

    /// Returns the public area.
    #[must_use]
    pub fn public(self) -> Public {
        let attributes = self.attributes();
        let mut key = self.key;
        if let (Usage::Parent, PublicKey::Rsa { symmetric, .. } | PublicKey::Ecc { symmetric, .. }) =
            (self.usage, &mut key)
        {
            *symmetric = Symmetric::AES_128_CFB;
        }
        Public { name_alg: self.name_alg, attributes, auth_policy: self.policy.unwrap_or_default(), key }
    }

    fn attributes(&self) -> Attributes {
        let when = |set: bool, attributes| if set { attributes } else { Attributes::NONE };
        let made_here = match &self.key {
            PublicKey::Rsa { modulus, .. } => modulus.is_empty(),
            PublicKey::Ecc { x, .. } => x.is_empty(),
            _ => false,
        };
        let usage = match self.usage {
            Usage::SignDecrypt => Attributes::SIGN | Attributes::DECRYPT,
            Usage::Decrypt => Attributes::DECRYPT,
            Usage::Sign => Attributes::SIGN,
            Usage::Data => Attributes::NONE,
            Usage::Parent => Attributes::RESTRICTED | Attributes::DECRYPT,
        };
        usage
            | when(made_here, Attributes::MADE_IN_TPM)
            | when(!self.da, Attributes::NO_DA)
            | when(self.policy.is_none(), Attributes::USER_WITH_AUTH)
    }

    fn with_point(curve: Curve, x: Vec<u8>, y: Vec<u8>) -> Self {
        Self::of(PublicKey::Ecc {
            symmetric: Symmetric::Null,
            scheme: Scheme::Null,
            curve,
            kdf: Kdf::Null,
            x,
            y,
        })
    }

    fn of(key: PublicKey) -> Self {
        Self { key, name_alg: HashAlg::Sha256, usage: Usage::default(), da: false, policy: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_follow_from_the_usage() {
        let words = |template: Template| template.public().attributes.to_string();
        let made = "fixedTPM|fixedParent|sensitiveDataOrigin";
        assert_eq!(words(Template::rsa(2048)), format!("{made}|userWithAuth|noDA|decrypt|sign"));
        assert_eq!(
            words(Template::ecc(Curve::P384).policy(vec![0; 32])),
            format!("{made}|noDA|decrypt|sign")
        );
        let da = Template::rsa(3072).dictionary_attack_protection(true);
        assert_eq!(words(da.usage(Usage::Sign)), format!("{made}|userWithAuth|sign"));
        assert_eq!(words(Template::wrapped_rsa(&[0xff; 256], 65537)), "userWithAuth|noDA|decrypt|sign");
        assert_eq!(words(Template::wrapped_ecc(Curve::P256, &[1], &[2])), "userWithAuth|noDA|decrypt|sign");
        assert_eq!(
            words(Template::ecc(Curve::P256).usage(Usage::Parent)),
            format!("{made}|userWithAuth|noDA|restricted|decrypt")
        );
    }

    #[test]
    fn wrapped_keys_have_the_encoding_of_tpm_keys() {
        let public = Template::wrapped_ecc(Curve::P521, &[1], &[2; 66]).public();
        let PublicKey::Ecc { x, y, .. } = public.key else { panic!("not EC") };
        assert_eq!((x.len(), x[65], y), (66, 1, vec![2; 66]));
        for (exponent, wire) in [(65537, 0), (3, 3)] {
            let PublicKey::Rsa { exponent, bits, .. } =
                Template::wrapped_rsa(&[0xff; 384], exponent).public().key
            else {
                panic!("not RSA")
            };
            assert_eq!((exponent, bits), (wire, 3072));
        }
    }
}
