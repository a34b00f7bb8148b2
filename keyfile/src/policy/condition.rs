//! The typed condition of a statement.

use super::{Authorize, CounterTimer, Secret, Statement};
use crate::wire::{Marshal, WireError, Writer};
use crate::{CommandCode, DigestList, PcrSelection};

/// A condition that a policy session must meet.
///
/// | variant | body in a file |
/// |---|---|
/// | `AuthValue` | empty |
/// | `Pcr` | TPML_PCR_SELECTION ‖ digest without size; read also: TPM2B_DIGEST ‖ TPML_PCR_SELECTION |
/// | `Locality` | one byte |
/// | `CounterTimer` | operandB without size ‖ UINT16 offset ‖ UINT16 operation |
/// | `Authorize` | TPM2B_PUBLIC keySign ‖ TPM2B_DIGEST policyRef ‖ TPMT_SIGNATURE |
/// | `Secret` | TPM_HANDLE hint ‖ TPM2B_NAME ‖ TPM2B_DIGEST policyRef |
/// | `NameHash`, `CpHash`, `Template` | digest without size; read also: TPM2B_DIGEST |
/// | `Command` | TPM_CC |
/// | `NvWritten` | one byte |
/// | `PhysicalPresence` | empty |
/// | `Or` | TPML_DIGEST |
/// | `Other` | the parameters of the command |
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The object's password. TPM2_PolicyPassword means the same but is never run itself: it would put the password on the bus.
    AuthValue,
    /// Values of PCRs.
    Pcr {
        /// The PCRs.
        selection: PcrSelection,
        /// The digest of their concatenated values.
        digest: Vec<u8>,
    },
    /// A bit map of localities; from 32 on, the number of an extended locality.
    Locality(u8),
    /// A comparison with the TPM's clock and counters.
    CounterTimer(CounterTimer),
    /// A signed policy.
    Authorize(Box<Authorize>),
    /// The password of another entity.
    Secret(Secret),
    /// The digest of the Names of all handles of the command.
    NameHash(Vec<u8>),
    /// The digest of command, Names and parameters.
    CpHash(Vec<u8>),
    /// The digest of the template of a created object.
    Template(Vec<u8>),
    /// One command only.
    Command(CommandCode),
    /// An NV index that has been written, or has not.
    NvWritten(bool),
    /// A person at the machine.
    PhysicalPresence,
    /// The digest so far is one of these digests.
    Or(DigestList),
    /// Any other command that needs only the session. It runs unchanged.
    Other {
        /// The command.
        command: CommandCode,
        /// Its parameters.
        parameters: Vec<u8>,
    },
}

impl Condition {
    /// Returns the command that a TPM runs for the condition.
    #[must_use]
    pub const fn command(&self) -> CommandCode {
        match self {
            Self::AuthValue => CommandCode::POLICY_AUTH_VALUE,
            Self::Pcr { .. } => CommandCode::POLICY_PCR,
            Self::Locality(_) => CommandCode::POLICY_LOCALITY,
            Self::CounterTimer(_) => CommandCode::POLICY_COUNTER_TIMER,
            Self::Authorize(_) => CommandCode::POLICY_AUTHORIZE,
            Self::Secret(_) => CommandCode::POLICY_SECRET,
            Self::NameHash(_) => CommandCode::POLICY_NAME_HASH,
            Self::CpHash(_) => CommandCode::POLICY_CP_HASH,
            Self::Template(_) => CommandCode::POLICY_TEMPLATE,
            Self::Command(_) => CommandCode::POLICY_COMMAND_CODE,
            Self::NvWritten(_) => CommandCode::POLICY_NV_WRITTEN,
            Self::PhysicalPresence => CommandCode::POLICY_PHYSICAL_PRESENCE,
            Self::Or(_) => CommandCode::POLICY_OR,
            Self::Other { command, .. } => *command,
        }
    }

    /// Returns the statement for a file.
    ///
    /// # Errors
    /// [`WireError::TooLong`] if a part is too long for the wire.
    pub fn statement(&self) -> Result<Statement, WireError> {
        let mut w = Writer::new();
        match self {
            Self::AuthValue | Self::PhysicalPresence => {}
            Self::Pcr { selection, digest } => {
                selection.marshal(&mut w);
                w.bytes(digest);
            }
            Self::Locality(localities) => w.u8(*localities),
            Self::CounterTimer(comparison) => comparison.body(&mut w),
            Self::Authorize(authorize) => authorize.body(&mut w),
            Self::Secret(secret) => secret.body(&mut w),
            Self::NameHash(digest) | Self::CpHash(digest) | Self::Template(digest) => w.bytes(digest),
            Self::Command(command) => command.marshal(&mut w),
            Self::NvWritten(written) => w.u8(u8::from(*written)),
            Self::Or(digests) => digests.marshal(&mut w),
            Self::Other { parameters, .. } => w.bytes(parameters),
        }
        Ok(Statement { command: self.command(), body: w.finish()? })
    }
}
