//! RAND: random bytes of the TPM, for a program or configuration that selects them by name
//! (docs/decisions/random.md).

use std::sync::atomic::{AtomicBool, Ordering};

use zeroize::Zeroizing;

use crate::error::{Error, Reason, Result};
use crate::ffi::op::rand::Generator;
use crate::ffi::params::{Descriptors, ParamsMut, gettable};
use crate::provider::Provider;

/// The TPM's random generator. Its only state is whether it is instantiated.
pub(crate) struct TpmRandom {
    ready: AtomicBool,
}

/// The strength in bits. A TPM generates keys of this strength with the same generator (TPM 2.0 Part 1
/// §11.4.10).
const STRENGTH: u32 = 256;
/// The largest request in bytes that libcrypto makes at once; it splits longer requests (EVP_RAND_generate(3)). A TPM returns at most its
/// longest digest per command, and other threads that sign wait for a whole request, so a request is a few commands long. With a smaller
/// limit nearly each command would start a session where sessions end with an operation.
const MAX_REQUEST: usize = 256;
/// The largest seed in bytes. libcrypto does not split seeds.
const MAX_SEED: usize = 1 << 16;
/// EVP_RAND_STATE_UNINITIALISED and EVP_RAND_STATE_READY of evp.h.
const UNINITIALISED: i32 = 0;
const READY: i32 = 1;

gettable! {
    /// EVP_RAND(3ossl)
    enum Fact {
        State: Integer = c"state",
        Strength: Unsigned = c"strength",
        MaxRequest: Unsigned = c"max_request",
    }
}

impl Generator for TpmRandom {
    fn new() -> Self {
        Self { ready: AtomicBool::new(false) }
    }

    fn instantiate(&self, strength: u32) -> Result<()> {
        strong_enough(strength)?;
        self.ready.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn uninstantiate(&self) {
        self.ready.store(false, Ordering::Relaxed);
    }

    fn generate(&self, provider: &Provider, length: usize, strength: u32) -> Result<Zeroizing<Vec<u8>>> {
        strong_enough(strength)?;
        self.check_ready()?;
        if length > MAX_REQUEST {
            let text = format!("cannot return {length} random bytes at once: the limit is {MAX_REQUEST}");
            return Err(Error::new(Reason::InvalidArgument, text));
        }
        Ok(provider.tpm()?.random(length)?)
    }

    fn seed(
        &self,
        provider: &Provider,
        entropy: usize,
        (least, most): (usize, usize),
    ) -> Result<Zeroizing<Vec<u8>>> {
        self.check_ready()?;
        let length = entropy.div_ceil(8).max(least).max(1);
        if length > most.min(MAX_SEED) {
            let text = format!("{entropy} bits of entropy do not fit into {} bytes", most.min(MAX_SEED));
            return Err(Error::new(Reason::InvalidArgument, text));
        }
        Ok(provider.tpm()?.random_once(length)?)
    }

    fn ctx_params(&self, mut params: ParamsMut<'_>) -> Result<()> {
        params.each(|name, slot| match Fact::named(name) {
            Some(Fact::State) => {
                slot.int(if self.ready.load(Ordering::Relaxed) { READY } else { UNINITIALISED })
            }
            Some(Fact::Strength) => slot.int(STRENGTH),
            Some(Fact::MaxRequest) => slot.size(MAX_REQUEST),
            None => Ok(()),
        })?;
        Ok(())
    }

    fn gettable_ctx_params() -> &'static Descriptors {
        Fact::descriptors()
    }
}

impl TpmRandom {
    fn check_ready(&self) -> Result<()> {
        match self.ready.load(Ordering::Relaxed) {
            true => Ok(()),
            false => Err(Error::new(Reason::Sequence, "the generator is not instantiated")),
        }
    }
}

fn strong_enough(strength: u32) -> Result<()> {
    match strength <= STRENGTH {
        true => Ok(()),
        false => {
            let text =
                format!("a strength of {strength} bits is not available: the TPM's generator has {STRENGTH}");
            Err(Error::new(Reason::InvalidArgument, text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_follows_the_calls() {
        let generator = TpmRandom::new();
        assert!(generator.check_ready().is_err());
        assert!(generator.instantiate(STRENGTH + 1).is_err());
        generator.instantiate(STRENGTH).unwrap();
        assert!(generator.check_ready().is_ok());
        assert!(generator.instantiate(STRENGTH + 1).is_err() && generator.check_ready().is_ok());
        generator.uninstantiate();
        assert!(generator.check_ready().is_err());
    }
}
