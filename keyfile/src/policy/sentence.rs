//! Policies in plain words: what a statement requires, and why the TPM refused it.

use super::{Condition, Statement};
use crate::{DigestList, Handle, PcrSelection};
use std::fmt;

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.condition() {
            Ok(condition) => condition.fmt(f),
            Err(problem) => write!(f, "{}: {problem}", self.command),
        }
    }
}

impl fmt::Display for Condition {
    /// `PCR 7 of bank sha256 must hold the values with the digest …`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AuthValue => f.write_str("the key's password must be given"),
            Self::Pcr { selection, digest } => {
                let what = banks(selection, |pcrs, bank| format!("{pcrs} of bank {bank}"));
                write!(f, "{what} must hold the values with the digest {}", hex(digest))
            }
            Self::Locality(map) => write!(f, "the command must come from {}", localities(*map)),
            Self::CounterTimer(comparison) => write!(f, "the TPM's {}", comparison.sentence(false)),
            Self::Authorize(authorize) => {
                f.write_str("a policy must hold that is signed by the key with the Name ")?;
                match authorize.key.name() {
                    Ok(name) => name.fmt(f),
                    Err(error) => error.fmt(f),
                }
            }
            Self::Secret(secret) => match secret.entity() {
                Some(handle) => write!(f, "the password of {} must be given", entity(handle)),
                None => write!(f, "the password of the entity with the Name {} must be given", secret.name),
            },
            Self::NameHash(digest) => {
                write!(f, "the command's objects must have Names with the digest {}", hex(digest))
            }
            Self::CpHash(digest) => {
                write!(f, "the command must be the one whose parameters have the digest {}", hex(digest))
            }
            Self::Template(digest) => {
                write!(f, "the created object's template must have the digest {}", hex(digest))
            }
            Self::Command(command) => write!(f, "the command must be {command}"),
            Self::NvWritten(written) => {
                write!(f, "the NV index must {}have been written", if *written { "" } else { "not " })
            }
            Self::PhysicalPresence => f.write_str("a person at the machine must assert physical presence"),
            Self::Or(DigestList(digests)) => {
                let digests: Vec<String> = digests.iter().map(|digest| hex(digest)).collect();
                write!(f, "the preceding statements must lead to one of {}", digests.join(", "))
            }
            Self::Other { command, parameters } => {
                write!(f, "{command} must pass with the parameters {}", hex(parameters))
            }
        }
    }
}

impl Condition {
    /// Describes why the TPM refused the condition: `PCR 7 (sha256) has changed`.
    #[must_use]
    pub fn refusal(&self) -> String {
        match self {
            Self::AuthValue => "the key's password is wrong".into(),
            Self::Pcr { selection, .. } => match selection.banks.iter().map(|bank| bank.pcrs().count()).sum()
            {
                1 => format!("{} has changed", banks(selection, |pcrs, bank| format!("{pcrs} ({bank})"))),
                _ => format!(
                    "one of {} has changed",
                    banks(selection, |pcrs, bank| format!("{pcrs} ({bank})"))
                ),
            },
            Self::Locality(map) => format!("the command does not come from {}", localities(*map)),
            Self::CounterTimer(comparison) => format!("the TPM's {}", comparison.sentence(true)),
            Self::Authorize(_) => "the signature of the policy is wrong, or another key made it".into(),
            Self::Secret(secret) => match secret.entity() {
                Some(handle) => format!("the password of {} is wrong", entity(handle)),
                None => "the entity whose password is required has no handle".into(),
            },
            Self::Or(_) => "the preceding statements lead to none of the alternative policies".into(),
            other => format!("not met: {other}"),
        }
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `PCRs 1, 7 of bank sha256 and PCR 0 of bank sha1`
fn banks(selection: &PcrSelection, say: impl Fn(String, String) -> String) -> String {
    let banks = selection.banks.iter().map(|bank| {
        let pcrs: Vec<String> = bank.pcrs().map(|pcr| pcr.to_string()).collect();
        let word = if pcrs.len() == 1 { "PCR" } else { "PCRs" };
        say(format!("{word} {}", pcrs.join(", ")), bank.bank_name())
    });
    banks.collect::<Vec<_>>().join(" and ")
}

/// TPMA_LOCALITY (Part 2 §8.5): bits 0 to 4, or one extended locality.
fn localities(map: u8) -> String {
    if map >= 32 {
        return format!("locality {map}");
    }
    let numbers: Vec<String> =
        (0..5).filter(|bit| map >> bit & 1 == 1).map(|bit: u8| bit.to_string()).collect();
    format!("locality {}", numbers.join(" or "))
}

fn entity(handle: Handle) -> String {
    match handle.hierarchy_name() {
        Some(name) => format!("the {name} hierarchy"),
        None => format!("the entity at {handle}"),
    }
}
