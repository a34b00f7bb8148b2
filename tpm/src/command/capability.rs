//! GetCapability and TestParms (TPM 2.0 Part 3 §30.2, §30.3).

use keyfile::wire::{Reader, Unmarshal};
use keyfile::{AlgId, CommandCode, Curve, Handle, PcrBank};

use super::Run;
use super::frame::Command;
use crate::error::Error;
use crate::rc::ResponseCode;

/// The values of TPM_CAP (Part 2 §6.12) that are used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Capability {
    /// Algorithms with their attributes.
    Algorithms,
    /// Handles of one kind.
    Handles,
    /// Properties and their values.
    Properties,
    /// Elliptic curves.
    Curves,
}

/// A count that requests every entry.
pub(crate) const ALL: u32 = 0x7fff;
/// The first persistent handle, and the first NV index (Part 2 §7.2).
pub(crate) const PERSISTENT: u32 = 0x8100_0000;
pub(crate) const NV: u32 = 0x0100_0000;

impl Capability {
    fn id(self) -> u32 {
        match self {
            Self::Algorithms => 0,
            Self::Handles => 1,
            Self::Properties => 6,
            Self::Curves => 8,
        }
    }

    /// Reads one entry: its id, and its value if it has one.
    fn entry(self, r: &mut Reader<'_>) -> Result<(u32, u32), Error> {
        Ok(match self {
            Self::Algorithms => (u32::from(r.u16()?), r.u32()?),
            Self::Handles => (r.u32()?, 0),
            Self::Properties => (r.u32()?, r.u32()?),
            Self::Curves => (u32::from(r.u16()?), 0),
        })
    }
}

/// Returns at most `count` entries from `first` on, page by page.
pub(crate) fn capability(
    run: &mut dyn Run,
    capability: Capability,
    first: u32,
    count: u32,
) -> Result<Vec<(u32, u32)>, Error> {
    let mut entries = Vec::new();
    let mut next = first;
    loop {
        let wanted = count.saturating_sub(u32::try_from(entries.len()).unwrap_or(u32::MAX));
        let parameters = [capability.id(), next, wanted].map(u32::to_be_bytes).concat();
        let command = Command {
            code: CommandCode::GET_CAPABILITY,
            handles: &[],
            parameters: &parameters,
            makes_handle: false,
        };
        let response = run.audited(&command)?;
        let mut r = Reader::new(response.parameters);
        let more = r.u8()? != 0;
        r.u32()?;
        let in_page = r.u32()?;
        let before = entries.len();
        for _ in 0..in_page {
            entries.push(capability.entry(&mut r)?);
        }
        r.finish()?;
        let last = entries.last().map_or(next, |&(id, _)| id);
        let full = u32::try_from(entries.len()).unwrap_or(u32::MAX) >= count;
        // A TPM that announces more entries and sends none would cause an endless loop.
        if !more || full || entries.len() == before {
            return Ok(entries);
        }
        next = last.saturating_add(1);
    }
}

/// Returns the hashes of the PCR banks that hold PCRs (TPM_CAP_PCRS).
pub(crate) fn pcr_banks(run: &mut dyn Run) -> Result<Vec<AlgId>, Error> {
    let parameters = [5_u32, 0, 1].map(u32::to_be_bytes).concat();
    let command = Command {
        code: CommandCode::GET_CAPABILITY,
        handles: &[],
        parameters: &parameters,
        makes_handle: false,
    };
    let response = run.audited(&command)?;
    let mut r = Reader::new(response.parameters);
    r.u8()?;
    r.u32()?;
    let mut banks = Vec::new();
    // Some firmware announces more banks than it lists.
    for _ in 0..r.u32()? {
        if r.is_empty() {
            break;
        }
        banks.push(PcrBank::unmarshal(&mut r)?);
    }
    r.finish()?;
    Ok(banks.iter().filter(|bank| bank.pcrs().next().is_some()).map(|bank| bank.hash).collect())
}

/// Returns true if the TPM supports keys on this curve.
pub(crate) fn has_curve(run: &mut dyn Run, curve: Curve) -> Result<bool, Error> {
    // TPMT_PUBLIC_PARMS: ECC, no symmetric cipher, no scheme, the curve, no KDF.
    has(
        run,
        &[AlgId::ECC.0, AlgId::NULL.0, AlgId::NULL.0, curve.id(), AlgId::NULL.0]
            .map(u16::to_be_bytes)
            .concat(),
    )
}

/// Returns true if the TPM supports RSA keys of this size.
pub(crate) fn has_rsa(run: &mut dyn Run, bits: u16) -> Result<bool, Error> {
    // TPMT_PUBLIC_PARMS: RSA, no symmetric cipher, no scheme, bits, default exponent.
    let mut parameters = [AlgId::RSA.0, AlgId::NULL.0, AlgId::NULL.0, bits].map(u16::to_be_bytes).concat();
    parameters.extend_from_slice(&[0; 4]);
    has(run, &parameters)
}

/// Runs TestParms.
fn has(run: &mut dyn Run, parameters: &[u8]) -> Result<bool, Error> {
    let command = Command { code: CommandCode::TEST_PARMS, handles: &[], parameters, makes_handle: false };
    match run.bare(&command) {
        Ok(_) => Ok(true),
        Err(error) => match error.base_code() {
            Some(ResponseCode::VALUE | ResponseCode::KEY_SIZE | ResponseCode::CURVE) => Ok(false),
            _ => Err(error),
        },
    }
}

/// Returns the handles of one kind, from `first` on.
pub(crate) fn handles(run: &mut dyn Run, first: u32) -> Result<Vec<Handle>, Error> {
    let found = capability(run, Capability::Handles, first, ALL)?;
    Ok(found.into_iter().map(|(handle, _)| Handle(handle)).collect())
}
