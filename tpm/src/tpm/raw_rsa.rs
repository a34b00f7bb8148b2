//! Finds out if a TPM supports the raw RSA operation. Some TPMs answer TPM2_RSA_Decrypt with scheme NULL by TPM_RC_SCHEME, such as
//! libtpms with the profile attribute `no-unpadded-encryption`. No capability shows it, only a use does.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use keyfile::{Public, PublicKey, Scheme, Sensitive};
use zeroize::Zeroizing;

use super::Tpm;
use crate::authorization::pause;
use crate::command::object::load_external;
use crate::command::{Entity, Guarded, Protect, Run, asymmetric};
use crate::connection::{Connection, MAX_LOADED, Transient};
use crate::error::{Error, ErrorKind};
use crate::rc::ResponseCode;

/// The slot of the test key.
const TEST_KEY: Transient = Transient::Temporary(3);

/// Shows if a TPM supports the raw RSA operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RawRsa {
    /// The TPM supports it.
    Allowed,
    /// The TPM refuses it for every key.
    Forbidden,
}

/// What the uses so far have shown. It outlives a connection, because a new one reaches the same TPM. The last use counts, because a
/// virtual TPM may move to another host. A refusal is not authenticated, so it is remembered only for a pause that doubles from a
/// minute to an hour.
///
/// Without a lock: in a forked child, a thread that does not exist there may hold it.
pub(crate) struct KnownRawRsa {
    start: Instant,
    /// [`UNKNOWN`], [`WORKS`], or the last refusal: milliseconds since the start, and in the lowest byte the number of refusals in a
    /// row.
    shown: AtomicU64,
}

const UNKNOWN: u64 = 0;
const WORKS: u64 = u64::MAX;

impl Default for KnownRawRsa {
    fn default() -> Self {
        Self { start: Instant::now(), shown: AtomicU64::new(UNKNOWN) }
    }
}

impl KnownRawRsa {
    /// Returns what is known now.
    pub(crate) fn get(&self) -> Option<RawRsa> {
        self.after(self.start.elapsed())
    }

    /// Returns what is known at this time after the start.
    fn after(&self, now: Duration) -> Option<RawRsa> {
        match self.shown.load(Ordering::Relaxed) {
            UNKNOWN => None,
            WORKS => Some(RawRsa::Allowed),
            refused => {
                let since = Duration::from_millis(refused >> 8);
                (now.saturating_sub(since) < pause(times(refused))).then_some(RawRsa::Forbidden)
            }
        }
    }

    /// Runs a use of the raw operation, which reports whether that operation was refused, and records the result. Only a repeated
    /// refusal is recorded.
    ///
    /// # Errors
    /// The error of `run`.
    pub(crate) fn observe<T>(
        &self,
        mut run: impl FnMut(&Cell<bool>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let refused = Cell::new(false);
        let mut once = || {
            refused.set(false);
            run(&refused)
        };
        let result = once().or_else(|error| if refused.get() { once() } else { Err(error) });
        match &result {
            Ok(_) => self.shown.store(WORKS, Ordering::Relaxed),
            Err(_) if refused.get() => self.note_refusal(self.start.elapsed()),
            Err(_) => {}
        }
        result
    }

    fn note_refusal(&self, now: Duration) {
        let so_far = match self.shown.load(Ordering::Relaxed) {
            UNKNOWN | WORKS => 0,
            refused => times(refused),
        };
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let refused = now << 8 | u64::from(so_far.saturating_add(1).min(TIMES));
        self.shown.store(refused, Ordering::Relaxed);
    }
}

/// More refusals do not make the pause longer.
const TIMES: u8 = 64;

fn times(refused: u64) -> u8 {
    let [.., times] = refused.to_be_bytes();
    times
}

/// Runs the raw operation, and reports whether it was refused as such (Part 3 §14.3, TPM_RC_SCHEME), with a key that has no scheme of
/// its own.
pub(crate) fn bare_operation(
    run: &mut dyn Run,
    key: &Guarded<'_>,
    block: &[u8],
    protect: Protect,
    refused: &Cell<bool>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let done = asymmetric::rsa_decrypt(run, key, block, (Scheme::Null, &[]), protect);
    refused.set(done.as_ref().is_err_and(|error| error.base_code() == Some(ResponseCode::SCHEME)));
    done
}

impl Tpm {
    /// Tests the raw RSA operation with a software key that has no other use: three commands, and three more if it is refused.
    ///
    /// # Errors
    /// The TPM does not accept the key (its size, or a private half from outside), or there is no TPM.
    pub fn try_raw_rsa(&self, public: &Public, sensitive: &Sensitive) -> Result<RawRsa, Error> {
        let PublicKey::Rsa { modulus, .. } = &public.key else {
            return Err(Error::new(ErrorKind::Input, "raw RSA is tried with an RSA key"));
        };
        // The block is below every modulus of that length.
        let block = vec![1; modulus.len()];
        let mut is_forbidden = false;
        let tried = self.raw_rsa().observe(|refused| {
            let tried = self.operate(|connection| connection.try_raw_rsa(public, sensitive, &block, refused));
            is_forbidden = refused.get();
            tried
        });
        match tried {
            Ok(()) => Ok(RawRsa::Allowed),
            Err(_) if is_forbidden => Ok(RawRsa::Forbidden),
            Err(error) => Err(error),
        }
    }
}

impl Connection {
    fn try_raw_rsa(
        &mut self,
        public: &Public,
        sensitive: &Sensitive,
        block: &[u8],
        refused: &Cell<bool>,
    ) -> Result<(), Error> {
        self.free_slots(MAX_LOADED - 1, &[])?;
        let name = public.name()?;
        let handle = load_external(self, public, Some(sensitive))?;
        self.slots.insert(TEST_KEY, handle, name.clone());
        let key = Guarded { entity: Entity::named(handle, &name), auth: &[] };
        let tried = bare_operation(self, &key, block, Protect::NONE, refused);
        self.evict(TEST_KEY)?;
        tried.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn is_refused(refused: &Cell<bool>) -> Result<(), Error> {
        refused.set(true);
        Err(Error::refused("RSA_Decrypt failed", ResponseCode(0x2d2)))
    }

    #[test]
    fn a_repeated_refusal_is_remembered_for_a_doubling_pause() {
        let known = KnownRawRsa::default();
        let mut is_first = true;
        let once = |refused: &Cell<bool>| {
            if std::mem::take(&mut is_first) { is_refused(refused) } else { Ok(()) }
        };
        known.observe(once).unwrap();
        assert_eq!(known.get(), Some(RawRsa::Allowed));
        for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
            let before = known.start.elapsed();
            known.observe(is_refused).unwrap_err();
            let after = known.start.elapsed();
            let almost = before + minutes * MINUTE - MINUTE / 60;
            assert_eq!(known.after(almost), Some(RawRsa::Forbidden), "{minutes}");
            assert_eq!(known.after(after + minutes * MINUTE), None, "{minutes}");
        }
        known.observe(|_| Ok(())).unwrap();
        assert_eq!(known.get(), Some(RawRsa::Allowed));
        // A policy statement may be refused with the same code.
        known.observe(|_| Err::<(), _>(Error::refused("it failed", ResponseCode(0x2d2)))).unwrap_err();
        assert_eq!(known.get(), Some(RawRsa::Allowed), "another failure shows nothing");
    }
}
