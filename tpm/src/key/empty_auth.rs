//! Whether a key at a handle has a password: nothing in its public area says so.

use keyfile::{Attributes, Handle, Public, PublicKey};

use crate::command::Entity;
use crate::error::{Error, ErrorKind};
use crate::link::Guarded;
use crate::tpm::Tpm;

impl Tpm {
    /// Whether the empty password opens the key at a handle: one command, TPM2_Unseal. The TPM looks at the password first, and
    /// then refuses because a key is no sealed data (Part 3 §12.7).
    ///
    /// A key under dictionary-attack protection counts a wrong try; it is for the caller to know.
    ///
    /// # Errors
    /// It is no asymmetric key, the TPM is locked out, or there is none.
    pub fn accepts_empty_auth(&self, handle: Handle, public: &Public) -> Result<bool, Error> {
        if matches!(public.key, PublicKey::KeyedHash { .. } | PublicKey::SymCipher { .. }) {
            return Err(Error::new(ErrorKind::Input, "sealed data is not opened for a try").on(handle));
        }
        if !public.attributes.contains(Attributes::USER_WITH_AUTH) {
            return Ok(true);
        }
        let name = public.name()?;
        self.operate(|link| {
            let key = Guarded { entity: Entity::named(handle, &name), auth: &[] };
            match link.try_empty_auth(&key) {
                Err(error) => match error.kind() {
                    ErrorKind::Authorization => Ok(false),
                    // Refused for what it is: so the password was right.
                    ErrorKind::Tpm => Ok(true),
                    _ => Err(error),
                },
                Ok(()) => Ok(true),
            }
        })
    }
}
