//! Whether a TPM does the bare RSA operation: some answer TPM2_RSA_Decrypt with scheme NULL by TPM_RC_SCHEME, such as libtpms under the
//! profile attribute `no-unpadded-encryption`. No capability tells; a use does.

use std::sync::atomic::{AtomicBool, Ordering};

use keyfile::{Public, PublicKey, Scheme, Sensitive};

use super::Tpm;
use crate::command::object::load_external;
use crate::command::{Entity, Guarded, Protect, asymmetric};
use crate::connection::{Connection, MAX_LOADED, Transient};
use crate::error::{Error, ErrorKind};
use crate::rc::ResponseCode;

/// The key that is tried, in its slot.
const TRIED: Transient = Transient::Temporary(3);

/// Whether a TPM does the bare RSA operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RawRsa {
    /// It does.
    Allowed,
    /// It refuses, whatever the key.
    Forbidden,
}

/// What the uses so far have shown. It outlives a connection: one that is made anew reaches the same TPM. The last use counts, as a
/// virtual TPM may move to another host.
#[derive(Default)]
pub(crate) struct KnownRawRsa {
    allowed: AtomicBool,
    forbidden: AtomicBool,
}

impl KnownRawRsa {
    /// Takes note of what a use has shown.
    pub(crate) fn note(&self, allowed: bool) {
        self.allowed.store(allowed, Ordering::Relaxed);
        self.forbidden.store(!allowed, Ordering::Relaxed);
    }

    /// Returns true if the last use was refused.
    pub(crate) fn is_forbidden(&self) -> bool {
        self.forbidden.load(Ordering::Relaxed)
    }

    /// Returns true if the last use worked.
    pub(crate) fn is_allowed(&self) -> bool {
        self.allowed.load(Ordering::Relaxed)
    }
}

impl Tpm {
    /// Tries the bare RSA operation with a key of software that is good for nothing else: three commands.
    ///
    /// # Errors
    /// The TPM does not take the key (its size, or a private half from outside), or there is no TPM.
    pub fn try_raw_rsa(&self, public: &Public, sensitive: &Sensitive) -> Result<RawRsa, Error> {
        let PublicKey::Rsa { modulus, .. } = &public.key else {
            return Err(Error::new(ErrorKind::Input, "raw RSA is tried with an RSA key"));
        };
        // Below every modulus of that length.
        let block = vec![1; modulus.len()];
        let tried = self.operate(|connection| connection.try_raw_rsa(public, sensitive, &block))?;
        self.raw_rsa().note(tried == RawRsa::Allowed);
        Ok(tried)
    }
}

impl Connection {
    fn try_raw_rsa(&mut self, public: &Public, sensitive: &Sensitive, block: &[u8]) -> Result<RawRsa, Error> {
        self.make_room(MAX_LOADED - 1, &[])?;
        let name = public.name()?;
        let handle = load_external(self, public, Some(sensitive))?;
        self.slots.insert(TRIED, handle, name.clone());
        let key = Guarded { entity: Entity::named(handle, &name), auth: &[] };
        let tried = asymmetric::rsa_decrypt(self, &key, block, (Scheme::Null, &[]), Protect::NONE);
        self.evict(TRIED)?;
        match tried {
            Ok(_) => Ok(RawRsa::Allowed),
            Err(error) if error.base_code() == Some(ResponseCode::SCHEME) => Ok(RawRsa::Forbidden),
            Err(error) => Err(error),
        }
    }
}
