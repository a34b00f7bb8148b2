//! The exit codes: one table, which the code uses and `--help`, the manual pages and docs/json.md show.

use std::ffi::c_int;
use std::process::ExitCode;

use tpm::ErrorKind;

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exit(u8);

macro_rules! exits {
    ($( $(#[$about:meta])* $name:ident = $number:literal, $text:literal; )*) => {
        impl Exit {
            $( $(#[$about])* pub(crate) const $name: Exit = Exit($number); )*

            /// Number and meaning of each.
            pub(crate) const ALL: &[(u8, &str)] = &[ $( ($number, $text), )* ];
        }
    };
}

exits! {
    /// All that was asked for was done.
    OK = 0, "success";
    /// Any other failure.
    FAILURE = 1, "another failure";
    /// The command line is wrong.
    USAGE = 2, "wrong use: unknown option, missing argument";
    /// A password was sent, and refused.
    WRONG_PASSWORD = 3, "a password is wrong: the key's, the parent's or a hierarchy's";
    /// There is no TPM.
    NO_TPM = 4, "no TPM: none found, no permission, or the connection broke";
    /// No password is tried.
    LOCKED_OUT = 5, "the TPM is locked out, or one more wrong password would lock it";
    /// The policy of the key.
    POLICY = 6, "the policy of the key is not satisfied";
    /// A password is needed, and none was given.
    NO_PASSWORD = 7, "a password is needed, and none was given";
}

impl Exit {
    /// The code of what the TPM reported.
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

    /// The code that a shell reports for a program that this signal ended.
    pub(crate) fn of_signal(signal: c_int) -> Self {
        u8::try_from(signal).ok().and_then(|signal| signal.checked_add(128)).map_or(Self(u8::MAX), Self)
    }

    /// The code of this number.
    pub(crate) fn of_number(number: u8) -> Self {
        Self(number)
    }

    /// The number itself.
    pub(crate) fn number(self) -> u8 {
        self.0
    }

    /// The table as `--help` shows it.
    pub(crate) fn table() -> String {
        let row = |(number, text): &(u8, &str)| format!("  {number}  {text}\n");
        let rows: String = Self::ALL.iter().map(row).collect();
        format!("Exit codes:\n{rows}  128 + N when signal N ended it")
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
    fn a_missing_password_is_not_a_wrong_one() {
        assert_eq!(Exit::of_tpm(ErrorKind::PasswordMissing), Exit::NO_PASSWORD);
        assert_eq!(Exit::of_tpm(ErrorKind::ParentPasswordMissing), Exit::NO_PASSWORD);
        assert_eq!(Exit::of_tpm(ErrorKind::ParentAuthorization), Exit::WRONG_PASSWORD);
        assert_eq!(Exit::of_signal(2).number(), 130);
    }
}
