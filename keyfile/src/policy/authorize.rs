//! PolicyAuthorize: accepts any policy that the signing key has signed (Part 3 §23.16).

use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};
use crate::{Public, Signature, Ticket};

/// A signed policy, or a placeholder for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorize {
    /// The public area of the key that signs.
    pub key: Public,
    /// The qualifier, which is signed too: a nonce of the key that the policy belongs to.
    pub policy_ref: Vec<u8>,
    /// The signature; [`Signature::Null`] in a placeholder.
    pub signature: Signature,
}

impl Authorize {
    /// Returns the digest that the key signs and that TPM2_VerifySignature receives: H(approvedPolicy ‖ policyRef), with the key's nameAlg.
    /// `approved` is the digest of the statements before this one.
    #[must_use]
    pub fn signed_digest(&self, approved: &[u8]) -> Vec<u8> {
        self.key.name_alg.digest(&[approved, &self.policy_ref])
    }

    /// Returns the parameters of TPM2_PolicyAuthorize, with the ticket from TPM2_VerifySignature.
    ///
    /// # Errors
    /// [`WireError::TooLong`] if a part is too long for the wire.
    pub fn parameters(&self, approved: &[u8], ticket: &Ticket) -> Result<Vec<u8>, WireError> {
        let mut w = Writer::new();
        w.sized(approved);
        w.sized(&self.policy_ref);
        self.key.name()?.marshal(&mut w);
        ticket.marshal(&mut w);
        w.finish()
    }

    pub(super) fn read(body: &[u8]) -> Result<Self, WireError> {
        let mut r = Reader::new(body);
        let key = Public::from_bytes(r.sized()?)?;
        let policy_ref = r.sized()?.to_vec();
        Ok(Self { key, policy_ref, signature: Signature::from_bytes(r.rest())? })
    }

    pub(super) fn body(&self, w: &mut Writer) {
        w.sized_with(|w| self.key.marshal(w));
        w.sized(&self.policy_ref);
        self.signature.marshal(w);
    }
}
