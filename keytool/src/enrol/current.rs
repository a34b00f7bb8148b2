//! The current certificate: is it time to renew it?

use std::path::{Path, PathBuf};

use keyfile::PublicKey;
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::error::ErrorStack;
use openssl::x509::X509;

use super::chain::numbers;
use crate::error::Error;
use crate::input;

const WHAT: &str = "give --force to replace it, or name another folder";

/// Seconds of a day.
const DAY: i64 = 24 * 3600;

/// A certificate that was issued earlier.
pub(super) struct Current {
    path: PathBuf,
    certificate: X509,
}

impl Current {
    /// Reads the certificate.
    ///
    /// # Errors
    /// The file cannot be read, or contains no certificate.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let certificate = X509::from_pem(&input::read(path, WHAT)?);
        let certificate = certificate.map_err(|_| Error::file(path, "it contains no certificate", WHAT))?;
        Ok(Self { path: path.to_owned(), certificate })
    }

    /// Returns the end of the certificate.
    pub(super) fn not_after(&self) -> &Asn1TimeRef {
        self.certificate.not_after()
    }

    /// Returns the time from which on the certificate is renewed: when two thirds of its lifetime have passed. Returns none if that time
    /// has come, or the certificate is for another key.
    ///
    /// # Errors
    /// OpenSSL cannot read its dates.
    pub(super) fn renewed_from(&self, key: &PublicKey) -> Result<Option<Asn1Time>, Error> {
        if !numbers(&self.certificate).is_some_and(|own| own.has_numbers_of(key)) {
            return Ok(None);
        }
        self.remaining()
            .map_err(|errors| Error::file(&self.path, format!("its dates cannot be read: {errors}"), WHAT))
    }

    fn remaining(&self) -> Result<Option<Asn1Time>, ErrorStack> {
        let now = Asn1Time::days_from_now(0)?;
        let seconds = |from: &Asn1TimeRef, to: &Asn1TimeRef| {
            from.diff(to).map(|d| i64::from(d.days).saturating_mul(DAY).saturating_add(i64::from(d.secs)))
        };
        let lifetime = seconds(self.certificate.not_before(), self.not_after())?;
        let left = seconds(&now, self.not_after())?;
        let until = left.saturating_sub(lifetime / 3);
        if until <= 0 {
            return Ok(None);
        }
        let unix = seconds(&*Asn1Time::from_unix(0)?, &now)?;
        Asn1Time::from_unix(unix.saturating_add(until)).map(Some)
    }
}
