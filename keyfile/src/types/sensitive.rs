//! TPMT_SENSITIVE (Part 2 §12.3.2.4): the private area of an object that is wrapped in software.

use super::AlgId;
use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};
use zeroize::Zeroizing;

/// The private area. It has no Debug and is wiped on drop.
#[derive(Clone)]
pub struct Sensitive {
    /// The type of the object, as in its public area.
    pub kind: AlgId,
    /// authValue, without trailing zeros.
    pub auth_value: Zeroizing<Vec<u8>>,
    /// The seed of a parent, or the obfuscation value of symmetric objects and sealed data; otherwise empty.
    pub seed_value: Zeroizing<Vec<u8>>,
    /// RSA: one prime. Elliptic curve: the scalar. Keyed hash: the key or the data.
    pub sensitive: Zeroizing<Vec<u8>>,
}

impl Marshal for Sensitive {
    fn marshal(&self, w: &mut Writer) {
        self.kind.marshal(w);
        w.sized(&self.auth_value);
        w.sized(&self.seed_value);
        w.sized(&self.sensitive);
    }
}

impl Unmarshal for Sensitive {
    fn unmarshal(r: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            kind: AlgId::unmarshal(r)?,
            auth_value: Zeroizing::new(r.sized()?.to_vec()),
            seed_value: Zeroizing::new(r.sized()?.to_vec()),
            sensitive: Zeroizing::new(r.sized()?.to_vec()),
        })
    }
}
