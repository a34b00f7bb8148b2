//! One setting: where it stands, and how its text becomes a value.

use std::path::Path;
use std::time::Duration;

use keyfile::Name;
use zeroize::Zeroizing;

use super::Lookup;
use crate::error::{Error, Reason, Result};
use crate::input;

/// No file of a setting is longer.
const LONGEST: usize = 1 << 16;

/// A setting that somebody made.
pub(super) struct Setting {
    value: Zeroizing<Vec<u8>>,
    origin: String,
}

impl Setting {
    /// Looks into the section, then into the environment.
    pub(super) fn find(lookup: &dyn Lookup, name: &str) -> Option<Setting> {
        if let Some(setting) = Setting::in_section(lookup, name) {
            return Some(setting);
        }
        let variable = format!("TPM2_{}", name.to_uppercase().replace('-', "_"));
        let value = Zeroizing::new(lookup.environment(&variable)?);
        Some(Setting { value, origin: format!("the environment variable {variable}") })
    }

    /// Looks into the section only.
    pub(super) fn in_section(lookup: &dyn Lookup, name: &str) -> Option<Setting> {
        let value = Zeroizing::new(lookup.section(name)?);
        Some(Setting { value, origin: format!("{name} of the provider's section in openssl.cnf") })
    }

    /// Makes a value of it.
    ///
    /// # Errors
    /// `Configuration`: the value, where it stands, and what is wrong with it.
    pub(super) fn parse<T>(&self, parse: impl FnOnce(&str) -> std::result::Result<T, Fault>) -> Result<T> {
        let value = self.text()?;
        parse(value).map_err(|Fault(fault)| {
            let text = format!("{value:?} in {} {fault}", self.origin);
            Error::new(Reason::Configuration, text)
        })
    }

    /// The same of a value that may be a password by mistake: no message shows it.
    ///
    /// # Errors
    /// `Configuration`: where the value stands, and what is wrong with it.
    pub(super) fn parse_unseen<T>(
        &self,
        parse: impl FnOnce(&str) -> std::result::Result<T, Fault>,
    ) -> Result<T> {
        parse(self.text()?).map_err(|Fault(fault)| {
            Error::new(Reason::Configuration, format!("the value of {} {fault}", self.origin))
        })
    }

    /// The octets as a password, which no message shows.
    pub(super) fn into_secret(mut self) -> Vec<u8> {
        std::mem::take(&mut *self.value)
    }

    fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.value).map_err(|_| {
            Error::new(Reason::Configuration, format!("the value of {} is not UTF-8", self.origin))
        })
    }
}

/// What is wrong with a value, and what to do.
pub(super) struct Fault(pub(super) String);

/// A number of seconds; 0 is none.
pub(super) fn seconds(value: &str) -> std::result::Result<Option<Duration>, Fault> {
    let seconds = value.parse().map_err(|_| Fault("is no number of seconds".into()))?;
    Ok((seconds > 0).then(|| Duration::from_secs(seconds)))
}

/// A Name in hex, or in the file of this path (hex too, as the kernel's null_name, or the octets).
pub(super) fn name(value: &str) -> std::result::Result<Name, Fault> {
    if let Some(octets) = hex(value) {
        return Ok(Name::from(octets));
    }
    let read = input::read(value.as_ref(), LONGEST).map_err(|error| {
        Fault(format!("is no hex, and no file that can be read ({error}): give the Name in either"))
    })?;
    let octets = std::str::from_utf8(&read).ok().and_then(|text| hex(text.trim()));
    Ok(Name::from(octets.unwrap_or_else(|| read.to_vec())))
}

/// The first line of `file:PATH`.
pub(super) fn password(value: &str) -> std::result::Result<Vec<u8>, Fault> {
    let path = file(value).ok_or_else(|| Fault("is not known: say file: and a path".into()))?;
    first_line(path.as_ref()).map_err(|error| {
        Fault(format!("names {path:?}, which cannot be read ({error}): check path and rights"))
    })
}

/// The path of `file:PATH`, where file:///PATH has an empty host (RFC 8089).
pub(super) fn file(value: &str) -> Option<&str> {
    let path = value.strip_prefix("file:")?;
    Some(path.strip_prefix("//").unwrap_or(path))
}

/// The first line of a file, which is a password.
///
/// # Errors
/// It cannot be read.
pub(super) fn first_line(path: &Path) -> std::io::Result<Vec<u8>> {
    let read = input::read(path, LONGEST)?;
    let line = read.split(|octet| *octet == b'\n').next().unwrap_or_default();
    Ok(line.strip_suffix(b"\r").unwrap_or(line).to_vec())
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| !digits.is_empty() && digits.len() % 2 == 0)?;
    let octet = |pair: &[u8]| pair.iter().fold(0, |octet, digit| octet << 4 | digit);
    Some(digits.chunks(2).map(octet).collect())
}

#[cfg(test)]
mod tests {
    use super::{hex, name, password};

    #[test]
    fn hex_is_pairs_of_digits() {
        assert_eq!(hex("00Ff1"), None);
        assert_eq!(hex(""), None);
        assert_eq!(hex("0x00"), None);
        assert_eq!(hex("00Ff"), Some(vec![0, 255]));
    }

    #[test]
    fn files_hold_names_and_passwords() {
        let path = std::env::temp_dir().join(format!("tpm2-config-{}", std::process::id()));
        std::fs::write(&path, "000b1234\n").unwrap();
        let text = path.to_str().unwrap();
        assert_eq!(name(text).ok().unwrap().as_octets(), [0, 0x0b, 0x12, 0x34]);
        assert_eq!(password(&format!("file:{text}")).ok().unwrap(), b"000b1234");
        std::fs::remove_file(&path).unwrap();
        assert!(password(&format!("file:{text}")).is_err());
        for endless in [password("file:/dev/zero").err(), name("/dev/zero").err()] {
            assert!(endless.unwrap().0.contains("longer than 65536 octets"));
        }
    }
}
