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

#[cfg(test)]
mod tests {
    use super::*;
    use openssl::ec::{EcGroup, EcKey};
    use openssl::hash::MessageDigest;
    use openssl::nid::Nid;
    use openssl::pkey::{PKey, Private};
    use openssl::x509::X509Builder;

    fn key() -> PKey<Private> {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
    }

    /// Returns a certificate that is valid from and until so many seconds from now.
    fn current(key: &PKey<Private>, from: i64, until: i64) -> Current {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let at = |seconds| Asn1Time::from_unix(i64::try_from(now.as_secs()).unwrap() + seconds).unwrap();
        let mut builder = X509Builder::new().unwrap();
        builder.set_not_before(&at(from)).unwrap();
        builder.set_not_after(&at(until)).unwrap();
        builder.set_pubkey(key).unwrap();
        builder.sign(key, MessageDigest::sha256()).unwrap();
        Current { path: PathBuf::new(), certificate: builder.build() }
    }

    #[test]
    fn a_certificate_is_renewed_after_two_thirds_of_its_lifetime() {
        let key = key();
        let own = |current: &Current| numbers(&current.certificate).unwrap();
        for (from, until, wait) in [
            (0, 90 * DAY, Some(60 * DAY)),
            (-59 * DAY, 31 * DAY, Some(DAY)),
            (-10, 290, Some(190)),
            (-61 * DAY, 29 * DAY, None),
            (-90 * DAY, -DAY, None),
        ] {
            let current = current(&key, from, until);
            let found = current.renewed_from(&own(&current)).ok().unwrap();
            let found = found.map(|found| {
                let difference = Asn1Time::days_from_now(0).unwrap().diff(&found).unwrap();
                i64::from(difference.days) * DAY + i64::from(difference.secs)
            });
            // A second or two may pass meanwhile.
            let close = found.zip(wait).is_none_or(|(found, wait)| (wait - 3..=wait + 3).contains(&found));
            assert!(found.is_some() == wait.is_some() && close, "{from} {until}: {found:?}");
        }
    }

    #[test]
    fn a_certificate_for_another_key_is_replaced() {
        let (current, other) = (current(&key(), 0, DAY), current(&key(), 0, DAY));
        assert!(current.renewed_from(&numbers(&other.certificate).unwrap()).ok().unwrap().is_none());
    }
}
