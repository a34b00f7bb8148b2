//! The exit codes, in one table for the code, `--help`, the manual pages and docs/json.md.

use std::ffi::c_int;
use std::process::ExitCode;

use tpm::ErrorKind;

/// The exit code of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exit(u8);

macro_rules! exits {
    ($( $(#[$about:meta])* $name:ident = $number:literal, $text:literal; )*) => {
        impl Exit {
            $( $(#[$about])* pub(crate) const $name: Exit = Exit($number); )*

            /// The number and meaning of each code.
            pub(crate) const ALL: &[(u8, &str)] = &[ $( ($number, $text), )* ];
        }
    };
}

exits! {
    /// Everything requested was done.
    OK = 0, "success";
    /// Any other failure.
    FAILURE = 1, "another failure";
    /// The command line is wrong.
    USAGE = 2, "wrong use: unknown option, missing argument";
    /// The TPM refused a password.
    WRONG_PASSWORD = 3, "a password is wrong: the key's, the parent's or a hierarchy's";
    /// No TPM can be used.
    NO_TPM = 4, "no TPM: none found, no permission, or the connection broke";
    /// No password is tried, because the TPM is locked or would be locked by one more failure.
    LOCKED_OUT = 5, "the TPM is locked out, or one more wrong password would lock it";
    /// The policy of the key is not satisfied.
    POLICY = 6, "the policy of the key is not satisfied";
    /// A password is needed, but none was given.
    NO_PASSWORD = 7, "a password is needed, but none was given";
}

impl Exit {
    /// Returns the code for an error of the TPM.
    pub(crate) fn of_tpm(error: ErrorKind) -> Self {
        match error {
            ErrorKind::Authorization | ErrorKind::ParentAuthorization => Self::WRONG_PASSWORD,
            ErrorKind::PasswordMissing | ErrorKind::ParentPasswordMissing => Self::NO_PASSWORD,
            ErrorKind::NoTpm | ErrorKind::Io | ErrorKind::Timeout => Self::NO_TPM,
            ErrorKind::Lockout => Self::LOCKED_OUT,
            ErrorKind::Policy => Self::POLICY,
            _ => Self::FAILURE,
        }
    }

    /// Returns the code that a shell reports for a program ended by this signal.
    pub(crate) fn of_signal(signal: c_int) -> Self {
        u8::try_from(signal).ok().and_then(|signal| signal.checked_add(128)).map_or(Self(u8::MAX), Self)
    }

    /// Returns the code with this number.
    pub(crate) fn of_number(number: u8) -> Self {
        Self(number)
    }

    /// Returns the number.
    pub(crate) fn number(self) -> u8 {
        self.0
    }

    /// The codes of signals, as the tables describe them.
    pub(crate) const SIGNAL: (&str, &str) = ("128 + N", "signal N ended the program");

    /// Returns the table for `--help`.
    pub(crate) fn table() -> String {
        let row = |(number, text): &(u8, &str)| format!("  {number}  {text}\n");
        let rows: String = Self::ALL.iter().map(row).collect();
        let (number, text) = Self::SIGNAL;
        format!("Exit codes:\n{rows}  {number}  {text}")
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_lists_every_code_once() {
        let numbers: Vec<u8> = Exit::ALL.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, (0..8).collect::<Vec<u8>>());
        assert!(Exit::table().contains("  3  a password is wrong"));
    }

    #[test]
    fn missing_password_and_wrong_password_have_different_codes() {
        assert_eq!(Exit::of_tpm(ErrorKind::PasswordMissing), Exit::NO_PASSWORD);
        assert_eq!(Exit::of_tpm(ErrorKind::ParentPasswordMissing), Exit::NO_PASSWORD);
        assert_eq!(Exit::of_tpm(ErrorKind::ParentAuthorization), Exit::WRONG_PASSWORD);
        assert_eq!(Exit::of_signal(2).number(), 130);
    }
}
