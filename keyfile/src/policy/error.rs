//! Why the digest of a policy cannot be computed, or why the policy cannot run.

use crate::wire::WireError;
use crate::{CommandCode, HashAlg};
use std::fmt;

/// What is wrong with one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The body is damaged.
    Body(WireError),
    /// A digest in the body has another size than digests of the policy's hash.
    DigestSize {
        /// The digest's size in bytes.
        size: usize,
        /// The hash of the policy.
        hash: HashAlg,
    },
    /// The statement's effect on the policy digest is not known here, although a TPM might run it.
    Digest,
    /// The command needs more than a session and its body, or is not a policy command.
    Unsupported,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(source) => write!(f, "its body is damaged: {source}"),
            Self::DigestSize { size, hash } => {
                write!(
                    f,
                    "a digest of {size} bytes is not a {hash} digest, which the key's name hash requires"
                )
            }
            Self::Digest => {
                f.write_str("its digest cannot be computed here; make the key with other statements")
            }
            Self::Unsupported => f.write_str(
                "it cannot run from a key file; make the key with statements that need only the session",
            ),
        }
    }
}

impl From<WireError> for Problem {
    fn from(source: WireError) -> Self {
        Self::Body(source)
    }
}

/// A problem in a policy, and the statement that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The index of the statement, from 0.
    pub index: usize,
    /// Its command.
    pub command: CommandCode,
    /// What is wrong.
    pub problem: Problem,
}

impl fmt::Display for Error {
    /// Counts statements from 1.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.index.saturating_add(1);
        write!(f, "statement {number} of the policy, {}: {}", self.command, self.problem)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            Problem::Body(source) => Some(source),
            Problem::DigestSize { .. } | Problem::Digest | Problem::Unsupported => None,
        }
    }
}
