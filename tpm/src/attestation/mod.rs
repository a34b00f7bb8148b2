//! Attestation: proves that a signing key is in the TPM that an EK certificate was issued for (TPM 2.0 Part 1 §24), and certifies
//! other keys with it. No answer is trusted as it arrives from the bus: only decryption and signatures prove anything.

pub(crate) mod load;
mod persist;
mod prove;

use keyfile::{Attributes, Curve, Handle, HashAlg, Name, Public, PublicKey, Scheme, Signature};

use crate::auth::Auth;
use crate::objects::Parent;
use crate::template::{Storage, Template, Usage};

/// A primary key, derived from a template in a hierarchy. It has no password of its own.
#[derive(Clone)]
pub struct Primary {
    /// The hierarchy.
    pub hierarchy: Handle,
    /// The password of the hierarchy.
    pub auth: Option<Auth>,
    /// The template; its unique field takes part in the derivation.
    pub template: Public,
}

/// Where the private half of an endorsement key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Residence {
    /// In the same TPM as the signing key with this Name.
    Here(Name),
    /// Not in this TPM, as far as this template shows.
    Elsewhere,
}

/// A key, and the statement of another key about it.
pub struct Certified {
    /// The public area of the key, with the attributes of its template.
    pub public: Public,
    /// The public area of the signing key, with the attributes of its template.
    pub signer: Public,
    /// The statement: the TPMS_ATTEST as it was signed. Verify the signature before you trust it.
    pub statement: Vec<u8>,
    /// The signature.
    pub signature: Signature,
}

impl Primary {
    /// Returns the template of a restricted signing key. It signs structures that its TPM generates, and no data that imitates them.
    /// P-256 with ECDSA, or RSA-2048 with PKCS#1 v1.5 for TPMs without the curve.
    #[must_use]
    pub fn signer(hierarchy: Handle, auth: Option<Auth>, rsa: bool) -> Self {
        let (template, scheme) = match rsa {
            false => (Template::ecc(Curve::P256), Scheme::Ecdsa(HashAlg::Sha256)),
            true => (Template::rsa(2048), Scheme::Rsassa(HashAlg::Sha256)),
        };
        let mut template = template.usage(Usage::Sign).public();
        template.attributes = template.attributes | Attributes::RESTRICTED;
        if let PublicKey::Ecc { scheme: fixed, .. } | PublicKey::Rsa { scheme: fixed, .. } = &mut template.key
        {
            *fixed = scheme;
        }
        Self { hierarchy, auth, template }
    }

    fn as_parent(&self) -> Parent {
        Parent { handle: self.hierarchy, storage: Storage::P256, auth: self.auth.clone() }
    }
}
