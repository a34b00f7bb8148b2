//! Attestation: that a signing key is in the TPM that an EK certificate was issued for (TPM 2.0 Part 1 §24), and what that key says about
//! another key. Nothing here believes an answer of the bus: what is proven is proven by who can decrypt and who can sign.

mod load;
mod prove;

use keyfile::{Attributes, Curve, Handle, HashAlg, Name, Public, PublicKey, Scheme, Signature};

use crate::auth::Auth;
use crate::objects::Parent;
use crate::template::{Storage, Template, Usage};

/// A primary key: what a template always gives in a hierarchy. It has no password of its own.
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
    /// In one TPM with the signing key of this Name.
    Here(Name),
    /// Not in this TPM, as far as this template goes.
    Elsewhere,
}

/// A key, and what another key says about it.
pub struct Certified {
    /// The public area of the key, as the template has it.
    pub public: Public,
    /// The public area of the key that signs, as its template has it.
    pub signer: Public,
    /// The statement: a TPMS_ATTEST as it was signed. Whoever believes it verifies the signature first.
    pub statement: Vec<u8>,
    /// The signature.
    pub signature: Signature,
}

impl Primary {
    /// A restricted signing key: it signs what its TPM says about itself, and nothing that looks like that. P-256 with ECDSA, or RSA-2048
    /// with PKCS#1 v1.5 for TPMs without the curve.
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
