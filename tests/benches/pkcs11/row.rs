//! What is measured: calls of a PKCS#11 module.

use std::fmt;

use super::contender::Keys;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    /// Signatures in one session.
    Sign,
    /// Signatures, each in a new session and after a search for the key, as browsers make them.
    Sessions,
    /// C_Initialize, C_OpenSession, C_Login, a search, and a signature.
    First,
    /// C_Initialize, C_OpenSession, C_Login, a search for all objects, and their class, identifier and label.
    List,
    /// The same search and attributes in a process that has made them before.
    Again,
    /// A search for an identifier that no object has. Chromium makes hundreds.
    Absent,
}

impl Row {
    pub(super) const ALL: [Row; 6] =
        [Row::Sign, Row::Sessions, Row::First, Row::List, Row::Again, Row::Absent];

    /// The command of calls.c.
    pub(super) fn command(self) -> &'static str {
        match self {
            Row::Sign => "sign",
            Row::Sessions => "sessions",
            Row::First => "first",
            Row::List => "list",
            Row::Again => "again",
            Row::Absent => "absent",
        }
    }

    /// How many operations a turn makes; 0 if the operation is the whole process.
    pub(super) fn count(self) -> u32 {
        match self {
            Row::Sign | Row::Sessions => 50,
            Row::First | Row::List => 0,
            Row::Again => 10,
            Row::Absent => 300,
        }
    }

    /// Many keys are listed only.
    pub(super) fn suits(self, keys: Keys) -> bool {
        match self {
            Row::Sign | Row::Sessions | Row::First => keys.count == 1,
            Row::List | Row::Again | Row::Absent => !keys.is_rsa,
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Row::Sign => "signature",
            Row::Sessions => "signature in a new session",
            Row::First => "C_Initialize to first signature",
            Row::List => "C_Initialize to end of a listing",
            Row::Again => "another listing",
            Row::Absent => "search for an absent object",
        })
    }
}
