//! Parses command code and body into a condition.

use super::{Authorize, Condition, CounterTimer, Problem, Secret};
use crate::wire::{Reader, Unmarshal, WireError};
use crate::{CommandCode, DigestList, HashAlg, PcrSelection};

/// Returns the condition of a statement. Only the commands listed here reach a TPM from a file: any other could do anything.
pub(super) fn condition(command: CommandCode, body: &[u8]) -> Result<Condition, Problem> {
    Ok(match command {
        CommandCode::POLICY_AUTH_VALUE | CommandCode::POLICY_PASSWORD => empty(body, Condition::AuthValue)?,
        CommandCode::POLICY_PCR => pcr(body)?,
        CommandCode::POLICY_LOCALITY => Condition::Locality(byte(body)?),
        CommandCode::POLICY_COUNTER_TIMER => Condition::CounterTimer(CounterTimer::read(body)?),
        CommandCode::POLICY_AUTHORIZE => Condition::Authorize(Box::new(Authorize::read(body)?)),
        CommandCode::POLICY_SECRET => Condition::Secret(Secret::read(body)?),
        CommandCode::POLICY_NAME_HASH => Condition::NameHash(digest(body)?),
        CommandCode::POLICY_CP_HASH => Condition::CpHash(digest(body)?),
        CommandCode::POLICY_TEMPLATE => Condition::Template(digest(body)?),
        CommandCode::POLICY_COMMAND_CODE => Condition::Command(CommandCode::from_bytes(body)?),
        CommandCode::POLICY_NV_WRITTEN => Condition::NvWritten(match byte(body)? {
            0 => false,
            1 => true,
            value => return Err(WireError::Unknown { what: "yes or no", value: u32::from(value) }.into()),
        }),
        CommandCode::POLICY_PHYSICAL_PRESENCE => empty(body, Condition::PhysicalPresence)?,
        CommandCode::POLICY_OR => or(body)?,
        CommandCode::POLICY_TICKET
        | CommandCode::POLICY_DUPLICATION_SELECT
        | CommandCode::POLICY_AC_SEND_SELECT => Condition::Other { command, parameters: body.to_vec() },
        _ => return Err(Problem::Unsupported),
    })
}

fn empty(body: &[u8], condition: Condition) -> Result<Condition, WireError> {
    Reader::new(body).finish().map(|()| condition)
}

fn byte(body: &[u8]) -> Result<u8, WireError> {
    let mut r = Reader::new(body);
    let byte = r.u8()?;
    r.finish().map(|()| byte)
}

/// Reads the parts in the order of the policy digest or of the parameters. They are distinguished by the first bytes: the count of a
/// selection begins with two zero bytes, the size of a digest does not.
fn pcr(body: &[u8]) -> Result<Condition, WireError> {
    let mut r = Reader::new(body);
    if body.starts_with(&[0, 0]) {
        let selection = PcrSelection::unmarshal(&mut r)?;
        Ok(Condition::Pcr { selection, digest: bare(r.rest())? })
    } else {
        let digest = bare(r.sized()?)?;
        Ok(Condition::Pcr { selection: PcrSelection::from_bytes(r.rest())?, digest })
    }
}

/// Reads a digest with or without its size.
fn digest(body: &[u8]) -> Result<Vec<u8>, WireError> {
    bare(body).or_else(|error| {
        let mut r = Reader::new(body);
        let digest = r.sized().and_then(bare).map_err(|_| error)?;
        r.finish().map(|()| digest)
    })
}

/// Reads two to eight digests (Part 3 §23.6).
fn or(body: &[u8]) -> Result<Condition, WireError> {
    let digests = DigestList::from_bytes(body)?;
    match digests.0.len() {
        2..=8 => digests.0.iter().try_for_each(|digest| bare(digest).map(drop))?,
        count => {
            let value = u32::try_from(count).unwrap_or(u32::MAX);
            return Err(WireError::Unknown { what: "number of alternative policies", value });
        }
    }
    Ok(Condition::Or(digests))
}

/// Returns the bytes if they have the length of a digest.
fn bare(bytes: &[u8]) -> Result<Vec<u8>, WireError> {
    let size = bytes.len();
    if HashAlg::ALL.into_iter().any(|hash| hash.size() == size) {
        return Ok(bytes.to_vec());
    }
    let value = u32::try_from(size).unwrap_or(u32::MAX);
    Err(WireError::Unknown { what: "size of a digest", value })
}
