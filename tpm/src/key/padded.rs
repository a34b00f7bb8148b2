//! Decryption by a scheme: the TPM takes the padding off, and says whether there was one (TPM 2.0 Part 3 §14.3).

use std::cell::Cell;

use keyfile::Scheme;
use zeroize::Zeroizing;

use super::private::Purpose;
use super::{Answer, Key, block};
use crate::command::startup::test_result;
use crate::command::{Guarded, Protect, asymmetric};
use crate::connection::Connection;
use crate::error::Error;
use crate::rc::{Place, ResponseCode};

/// What an answer to RSA_Decrypt says of a ciphertext that does not open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// It holds no padded message: TPM_RC_VALUE, and from some TPM_RC_SIZE.
    Padding,
    /// The same, if the TPM works on: libtpms says TPM_RC_FAILURE.
    Failure,
}

impl Key {
    /// Decrypts by a scheme, NULL for the one that the key was made for; the TPM removes the padding. A label (OAEP) ends with a zero
    /// octet. `None` is a wrong padding.
    ///
    /// With the scheme RSAES the commands for a wrong padding and for a right one are the same, so that the caller can hide it.
    ///
    /// # Errors
    /// The ciphertext has the wrong size or is not below the modulus; or the TPM refuses.
    pub fn rsa_decrypt_by_scheme(
        &self,
        ciphertext: &[u8],
        scheme: Scheme,
        label: &[u8],
    ) -> Result<Option<Answer<Zeroizing<Vec<u8>>>>, Error> {
        block::check(ciphertext, &self.0.public)?;
        let hides = [scheme, self.0.public.key.scheme().unwrap_or_default()].contains(&Scheme::Rsaes);
        if hides {
            // A message proves the password, and a wrong padding proves nothing: both find it proven.
            self.prove()?;
        }
        // What RSA_Decrypt itself was answered: a statement of a policy may be refused by the same codes.
        let said = Cell::new(None);
        let run = |connection: &mut Connection, key: &Guarded<'_>, protect: Protect| {
            let protect = if hides { protect.kept() } else { protect };
            let opened = asymmetric::rsa_decrypt(connection, key, ciphertext, (scheme, label), protect);
            said.set(opened.as_ref().err().and_then(Refusal::of));
            opened
        };
        let answer = self.operate_to(Purpose::Decryption, run, |connection, opened| {
            let said = said.take();
            let hides = hides && (opened.is_ok() || said.is_some());
            if hides {
                // A failure ends the sessions.
                connection.distrust();
            }
            let has_failed = (hides || said == Some(Refusal::Failure)) && has_failed(connection);
            match (opened, said) {
                (Err(error), Some(Refusal::Failure)) if has_failed => Err(error),
                (Err(_), Some(_)) => Ok(None),
                (opened, _) => opened.map(Some),
            }
        })?;
        let Answer { value, authenticated } = answer;
        Ok(value.map(|value| Answer { value, authenticated }))
    }
}

impl Refusal {
    fn of(error: &Error) -> Option<Self> {
        match (error.base_code()?, error.code()?.place()) {
            (ResponseCode::FAILURE, _) => Some(Self::Failure),
            // The first parameter is the ciphertext.
            (ResponseCode::VALUE | ResponseCode::SIZE, None | Some(Place::Parameter(1))) => {
                Some(Self::Padding)
            }
            _ => None,
        }
    }
}

/// Whether the TPM is in failure mode.
fn has_failed(connection: &mut Connection) -> bool {
    !test_result(connection).is_ok_and(|(_, code)| code.base() != ResponseCode::FAILURE)
}
