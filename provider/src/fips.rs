//! The property `fips=yes` (property(7)): which instances have it, and the error for a process that accepts
//! nothing else.
//!
//! With it, a FIPS provider does the software part of the work, by the setting `software`. The TPM, the
//! paddings of the crate `missing` and the sessions of the crate `tpm` are outside OpenSSL's validated module
//! (docs/fips.md).

use tpm::config::{self, Software};

use crate::error::{Error, Reason, Result};
use crate::ffi::rows::Label;
use crate::provider::Provider;

impl Provider {
    /// Returns the label on the rows of this instance.
    pub(crate) fn fips(&self) -> Label {
        if self.is_fips() {
            Label::Fips
        } else if self.is_fips_demanded() {
            Label::Refusals
        } else {
            Label::None
        }
    }

    /// Refuses a key if the process accepts only `fips=yes` and the rows of this instance lack it.
    ///
    /// # Errors
    /// `Configuration`: the rows lack it; the hint names the setting.
    pub(crate) fn check_fips(&self) -> Result<()> {
        if !self.is_fips_demanded() || self.is_fips() {
            return Ok(());
        }
        Err(self.fips_refusal())
    }

    /// The error for such a process.
    pub(crate) fn fips_refusal(&self) -> Error {
        // A wrong setting has its own error.
        if let Err(error) = self.software() {
            return error;
        }
        let text =
            "this process accepts only fips=yes (or did at its first fetch), and tpm2 has no FIPS provider";
        let hint = "set software = fips, or file: and an OpenSSL configuration that activates fips and base";
        Error::new(Reason::Configuration, text).with_hint(hint)
    }

    /// Returns true if a FIPS provider does the software part. With `software = fips` nothing is loaded to
    /// find out: if there is no such provider, the first use reports it.
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
