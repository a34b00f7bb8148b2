//! Decryption with a scheme: the TPM removes the padding and reports if it was wrong (TPM 2.0 Part 3 §14.3).

use std::cell::RefCell;

use keyfile::Scheme;
use zeroize::Zeroizing;

use super::private::Purpose;
use super::{Answer, Key, block};
use crate::command::startup::test_result;
use crate::command::{Guarded, Protect, asymmetric};
use crate::connection::Connection;
use crate::error::{Error, ErrorKind};
use crate::rc::{Part, ResponseCode};

/// What the answer to RSA_Decrypt shows about the padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Padding {
    /// It is right.
    Right,
    /// It is wrong: TPM_RC_VALUE, and from some TPM_RC_SIZE.
    Wrong,
    /// It is wrong if the TPM still works: libtpms answers TPM_RC_FAILURE.
    Failure,
}

impl Key {
    /// Decrypts with a scheme; NULL means the key's own one. The TPM removes the padding. An OAEP label ends with a zero byte. `None`
    /// means a wrong padding.
    ///
    /// With the scheme RSAES, right and wrong paddings cause the same commands, now and later, so that the caller can hide which it
    /// was.
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
        let hides = scheme == Scheme::Rsaes;
        if hides {
            // Neither result proves the password. Without this, each operation would check again if it may be tried.
            self.prove()?;
        }
        // The answer of RSA_Decrypt itself: a policy statement may be refused with the same codes.
        let opened = RefCell::new(None);
        let run = |connection: &mut Connection, key: &Guarded<'_>, protect: Protect| {
            let protect = if hides { protect.hidden() } else { protect };
            let done = asymmetric::rsa_decrypt(connection, key, ciphertext, (scheme, label), protect);
            let padding = match &done {
                Ok(_) => Some(Padding::Right),
                Err(error) => Padding::of(error),
            };
            match (padding, done) {
                (Some(padding), done) if hides || done.is_err() => {
                    opened.replace(Some((padding, done)));
                    // Both results are returned as errors here, so that neither proves a password.
                    Err(Error::new(ErrorKind::Tpm, "the result of a decryption is withheld"))
                }
                (_, done) => done.map_err(unknown_scheme),
            }
        };
        let answer = self.operate_with_end(Purpose::Decryption, run, |connection, done| {
            let Some((padding, done)) = opened.take() else { return done.map(Some) };
            if hides {
                // A failure ends the sessions, so a success must do so too.
                connection.distrust();
            }
            let works = is_working(connection);
            if hides && !works {
                return Err(Error::new(
                    ErrorKind::Tpm,
                    "after a decryption the TPM does not report that it works",
                ));
            }
            match padding {
                Padding::Right => done.map(Some),
                Padding::Wrong => Ok(None),
                Padding::Failure if works => Ok(None),
                Padding::Failure => done.map(Some),
            }
        })?;
        let Answer { value, authenticated } = answer;
        Ok(value.map(|value| Answer { value, authenticated }))
    }
}

impl Padding {
    fn of(error: &Error) -> Option<Self> {
        match (error.base_code()?, error.code()?.part()) {
            (ResponseCode::FAILURE, _) => Some(Self::Failure),
            // The first parameter is the ciphertext. The reference implementation names no part of the command.
            (
                ResponseCode::VALUE | ResponseCode::SIZE,
                None | Some(Part::Handle(0) | Part::Parameter(0 | 1)),
            ) => Some(Self::Wrong),
            _ => None,
        }
    }
}

/// Explains an error about the second parameter, the scheme: this TPM does not support the scheme or its hash.
fn unknown_scheme(error: Error) -> Error {
    match error.code().and_then(ResponseCode::part) {
        Some(Part::Parameter(2)) => error.of_kind(ErrorKind::Unsupported),
        _ => error,
    }
}

/// Returns true if the TPM is not in failure mode.
fn is_working(connection: &mut Connection) -> bool {
    test_result(connection).is_ok_and(|(_, code)| code.base() != ResponseCode::FAILURE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_errors_name_the_ciphertext_or_no_parameter() {
        let of = |code| Padding::of(&Error::refused("RSA_Decrypt failed", ResponseCode(code)));
        for code in [0x084, 0x0c4, 0x1c4, 0x095, 0x0d5, 0x1d5] {
            assert_eq!(of(code), Some(Padding::Wrong), "{code:#x}");
        }
        assert_eq!(of(0x101), Some(Padding::Failure));
        // About the label, the scheme, the key, a session, a password.
        for code in [0x3c4, 0x2c4, 0x2d2, 0x184, 0x984, 0x98e, 0x922] {
            assert_eq!(of(code), None, "{code:#x}");
        }
    }
}
