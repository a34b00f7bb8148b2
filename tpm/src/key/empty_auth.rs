//! Tests if a key at a handle has a password: its public area does not show it.

use keyfile::{Attributes, Handle, Public, PublicKey};

use crate::authorization::Attempt;
use crate::command::object::try_empty_auth;
use crate::command::{Entity, Guarded};
use crate::error::{Error, ErrorKind};
use crate::rc::ResponseCode;
use crate::tpm::Tpm;

impl Tpm {
    /// Returns true if the empty password authorizes the key at a handle. Sends one command, TPM2_Unseal: the TPM checks the password
    /// first, and then refuses because a key is not sealed data (Part 3 §12.7).
    ///
    /// A wrong try counts for a key under dictionary-attack protection, so a refusal is remembered, and the last try is not used.
    ///
    /// # Errors
    /// It is not an asymmetric key, the TPM is locked out, or there is no TPM.
    pub fn accepts_empty_auth(&self, handle: Handle, public: &Public) -> Result<bool, Error> {
        if matches!(public.key, PublicKey::KeyedHash { .. } | PublicKey::SymCipher { .. }) {
            return Err(
                Error::new(ErrorKind::Input, "sealed data cannot be tested for an empty password").on(handle)
            );
        }
        if !public.attributes.contains(Attributes::USER_WITH_AUTH) {
            return Ok(true);
        }
        let name = public.name()?;
        let counts = !public.attributes.contains(Attributes::NO_DA);
        let attempt = Attempt::of_named(self.id(), &name, &[])?.counting_failures(counts);
        self.operate(|connection| {
            let key = Guarded { entity: Entity::named(handle, &name), auth: &[] };
            let answer =
                connection.prove(&attempt, |connection| accept_type_error(try_empty_auth(connection, &key)));
            is_accepted(answer)
        })
    }
}

/// Treats a refusal because of the object's type (Part 3 §12.7, table of codes) as success: the password was accepted.
fn accept_type_error(answer: Result<(), Error>) -> Result<(), Error> {
    match answer {
        Err(error) if matches!(error.base_code(), Some(ResponseCode::TYPE | ResponseCode::ATTRIBUTES)) => {
            Ok(())
        }
        answer => answer,
    }
}

/// Returns true if the answer to TPM2_Unseal shows that the password was accepted.
fn is_accepted(answer: Result<(), Error>) -> Result<bool, Error> {
    match answer {
        Err(error) if error.kind() == ErrorKind::Authorization => Ok(false),
        answer => answer.map(|()| true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_type_error_shows_that_the_password_was_accepted() {
        let answer =
            |code| is_accepted(accept_type_error(Err(Error::refused("open it", ResponseCode(code)))));
        // TYPE of handle 1 with and without its number, ATTRIBUTES of it; TYPE through the kernel's resource manager.
        for code in [0x18a, 0x08a, 0x182, 0x000b_018a] {
            assert!(answer(code).unwrap(), "{code:#x}");
        }
        // AUTH_FAIL and BAD_AUTH of session 1.
        assert!(!answer(0x98e).unwrap() && !answer(0x9a2).unwrap());
        // SENSITIVE, COMMAND_CODE, FAILURE, VALUE, AUTH_TYPE, LOCKOUT, a code of the vendor.
        for code in [0x155, 0x143, 0x101, 0x184, 0x124, 0x921, 0x500] {
            assert!(answer(code).is_err(), "{code:#x}");
        }
    }
}
