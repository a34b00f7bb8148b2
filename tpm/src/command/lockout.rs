//! The dictionary-attack lockout: how close it is, and how long it lasts (TPM 2.0 Part 1 §19.8).

use std::fmt;
use std::time::Duration;

use super::Run;
use super::capability::{Capability, capability};
use crate::error::Error;

/// The TPM's counters of wrong passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lockout {
    /// The number of wrong passwords that are counted now.
    pub failures: u32,
    /// At this number the TPM refuses every key under dictionary-attack protection.
    pub max_failures: u32,
    /// The time after which one failure is forgotten; zero means never.
    pub interval: Duration,
    /// The time after which the lockout hierarchy's password may be tried again.
    pub recovery: Duration,
}

/// TPM_PT_LOCKOUT_COUNTER, and after it MAX_AUTH_FAIL, LOCKOUT_INTERVAL, LOCKOUT_RECOVERY (Part 2 §6.13).
const COUNTER: u32 = 0x20e;

impl Lockout {
    /// Returns true if keys under dictionary-attack protection are refused.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.failures >= self.max_failures
    }
}

impl fmt::Display for Lockout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { failures, max_failures, interval, .. } = self;
        write!(f, "the TPM counts {failures} of {max_failures} wrong passwords")?;
        match interval.as_secs() {
            0 => {
                write!(f, " and forgets none: reset them (tpm2_dictionarylockout -c)")
            }
            seconds => write!(
                f,
                " and forgets one in {seconds} seconds: wait, or reset them (tpm2_dictionarylockout -c)"
            ),
        }
    }
}

/// Reads the counters with one GetCapability.
pub(crate) fn lockout(run: &mut dyn Run) -> Result<Lockout, Error> {
    let values = capability(run, Capability::Properties, COUNTER, 4)?;
    let value = |at: u32| {
        let id = COUNTER.saturating_add(at);
        values.iter().find(|(found, _)| *found == id).map_or(0, |&(_, value)| value)
    };
    let seconds = |at| Duration::from_secs(u64::from(value(at)));
    Ok(Lockout { failures: value(0), max_failures: value(1), interval: seconds(2), recovery: seconds(3) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lockout_text_says_how_long_it_lasts() {
        let lockout = Lockout {
            failures: 3,
            max_failures: 3,
            interval: Duration::from_secs(1000),
            recovery: Duration::from_secs(1000),
        };
        assert!(lockout.is_locked());
        assert!(lockout.to_string().contains("one in 1000 seconds"), "{lockout}");
        let never = Lockout { interval: Duration::ZERO, ..lockout };
        assert!(never.to_string().contains("tpm2_dictionarylockout"), "{never}");
    }
}
