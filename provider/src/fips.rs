//! `fips=yes` (property(7)): which instances have that property on their rows, and what a process hears that accepts nothing else.
//!
//! The property says who does the work in software: a FIPS provider, by the setting `software`. The TPM's part, the paddings of the
//! crate `missing` and the sessions of the crate `tpm` belong to no validated module of OpenSSL (docs/fips.md).

use tpm::config::{self, Software};

use crate::error::{Error, Reason, Result};
use crate::ffi::rows::Fips;
use crate::provider::Provider;

impl Provider {
    /// What the rows of this instance say.
    pub(crate) fn fips(&self) -> Fips {
        if self.is_fips() {
            Fips::Yes
        } else if self.is_fips_demanded() {
            Fips::Refused
        } else {
            Fips::Unsaid
        }
    }

    /// Refuses a key to a process that accepts only `fips=yes`, unless this instance has it.
    ///
    /// # Errors
    /// `Configuration`: it has not; the text says what to set.
    pub(crate) fn check_fips(&self) -> Result<()> {
        if !self.is_fips_demanded() || self.is_fips() {
            return Ok(());
        }
        // A setting that leads nowhere has an error of its own.
        self.software()?;
        let text = "this process accepts only fips=yes, for which tpm2 needs a FIPS provider: set software = fips, or file: and an OpenSSL configuration that activates fips and base";
        Err(Error::new(Reason::Configuration, text))
    }

    /// With `fips` nothing is loaded to find out: if there is no such provider, the first use says so.
    fn is_fips(&self) -> bool {
        match config::software(self) {
            Ok(Software::Fips) => true,
            Ok(Software::File(_)) => {
                let is_fips = || self.software().is_ok_and(|software| software.is_fips());
                self.core().libcrypto().quietly(is_fips)
            }
            Ok(Software::Default) | Err(_) => false,
        }
    }
}
