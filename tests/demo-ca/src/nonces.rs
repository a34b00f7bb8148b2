//! Nonces, each of which is valid once (RFC 8555 §6.5).

use std::collections::HashSet;

use openssl::rand::rand_bytes;

use crate::encoding::to_text;
use crate::problem::Problem;

/// The nonces that no request has used yet.
#[derive(Default)]
pub(crate) struct Nonces(HashSet<String>);

impl Nonces {
    /// Returns a new nonce.
    pub(crate) fn issue(&mut self) -> Result<String, Problem> {
        let nonce = random()?;
        self.0.insert(nonce.clone());
        Ok(nonce)
    }

    /// Returns true if the nonce was valid. It is not valid any more.
    pub(crate) fn take(&mut self, nonce: &str) -> bool {
        self.0.remove(nonce)
    }
}

/// Returns 256 random bits as text: a nonce, or the token of a challenge (RFC 8555 §8.3 wants 128 or more).
pub(crate) fn random() -> Result<String, Problem> {
    let mut bytes = [0; 32];
    rand_bytes(&mut bytes).map_err(|errors| Problem::internal(&errors))?;
    Ok(to_text(&bytes))
}
