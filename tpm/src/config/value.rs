//! Parses the text of a setting.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use keyfile::{Handle, Name};

use crate::error::{Error, ErrorKind};
use crate::input;

/// The largest file that a setting may name.
const MAX_FILE: usize = 1 << 16;

/// What is wrong with a value, and what to do.
#[derive(Debug)]
pub struct Fault(pub(super) String);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Parses a number of seconds; 0 means none.
pub(super) fn seconds(value: &str) -> Result<Option<Duration>, Fault> {
    let seconds = value.parse().map_err(|_| Fault("is not a number of seconds".into()))?;
    Ok((seconds > 0).then(|| Duration::from_secs(seconds)))
}

/// Parses a Name in hex, or reads it from the file with this path (hex, as the kernel's null_name, or bytes).
pub(super) fn name(value: &str) -> Result<Name, Fault> {
    if let Some(bytes) = hex(value) {
        return Ok(Name::from(bytes));
    }
    let read = input::read(value.as_ref(), MAX_FILE).map_err(|error| {
        Fault(format!("is neither hex nor a readable file ({error}): give the Name as hex or in a file"))
    })?;
    let bytes = std::str::from_utf8(&read).ok().and_then(|text| hex(text.trim()));
    Ok(Name::from(bytes.unwrap_or_else(|| read.to_vec())))
}

/// Parses the handle of a parent: a persistent one in hexadecimal, or a hierarchy by its name.
pub(crate) fn parent(text: &str) -> Result<Handle, Error> {
    let wrong = |problem: String, advice| Err(Error::new(ErrorKind::Input, problem).advise(advice));
    match text.parse::<Handle>() {
        Ok(handle) if handle.is_persistent() || handle.is_hierarchy() => Ok(handle),
        Ok(handle) if handle.is_transient() => wrong(
            format!("{handle} is a transient handle, which ends with the program that loaded it"),
            "make the key persistent (tpm2_evictcontrol), or name a hierarchy",
        ),
        Ok(handle) => wrong(
            format!("no key can be created under {handle}"),
            "name a persistent handle (81……), or owner, null, endorsement, platform",
        ),
        Err(error) => Err(Error::new(ErrorKind::Input, error.to_string())),
    }
}

/// Returns the first line of `file:PATH`, which is a password. No message shows it.
///
/// # Errors
/// The value has another form, or the file cannot be read.
pub fn password(value: &str) -> Result<Vec<u8>, Fault> {
    let path = file(value).ok_or_else(|| Fault("is not known: write file: and a path".into()))?;
    first_line(path.as_ref()).map_err(|error| {
        Fault(format!("names {path:?}, which cannot be read ({error}): check the path and its permissions"))
    })
}

/// Returns the path of `file:PATH`; file:///PATH has an empty host (RFC 8089).
pub(super) fn file(value: &str) -> Option<&str> {
    let path = value.strip_prefix("file:")?;
    Some(path.strip_prefix("//").unwrap_or(path))
}

/// Returns the first line of a file, which is a password.
///
/// # Errors
/// The file cannot be read.
pub fn first_line(path: &Path) -> std::io::Result<Vec<u8>> {
    let read = input::read(path, MAX_FILE)?;
    let line = read.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(line.strip_suffix(b"\r").unwrap_or(line).to_vec())
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| !digits.is_empty() && digits.len() % 2 == 0)?;
    let byte = |pair: &[u8]| pair.iter().fold(0, |byte, digit| byte << 4 | digit);
    Some(digits.chunks(2).map(byte).collect())
}

#[cfg(test)]
mod tests {
    use super::{hex, name, password};

    #[test]
    fn hex_has_an_even_number_of_digits() {
        assert_eq!(hex("00Ff1"), None);
        assert_eq!(hex(""), None);
        assert_eq!(hex("0x00"), None);
        assert_eq!(hex("00Ff"), Some(vec![0, 255]));
    }

    #[test]
    fn names_and_passwords_are_read_from_files() {
        let path = std::env::temp_dir().join(format!("tpm2-config-{}", std::process::id()));
        std::fs::write(&path, "000b1234\n").unwrap();
        let text = path.to_str().unwrap();
        assert_eq!(name(text).ok().unwrap().as_bytes(), [0, 0x0b, 0x12, 0x34]);
        assert_eq!(password(&format!("file:{text}")).ok().unwrap(), b"000b1234");
        std::fs::remove_file(&path).unwrap();
        assert!(password(&format!("file:{text}")).is_err());
        for endless in [password("file:/dev/zero").err(), name("/dev/zero").err()] {
            assert!(endless.unwrap().0.contains("longer than 65536 bytes"));
        }
    }
}
