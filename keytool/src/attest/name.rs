//! Reads the Name of a key from a file: hexadecimal, as this tool and the kernel (/sys/class/tpm/tpm0/null_name) write it, or binary, as
//! tpm2_readpublic writes it.

use std::path::Path;

use keyfile::{HashAlg, Name};

use crate::error::Error;
use crate::input;
use crate::nonce::from_hex;

const ADVICE: &str = "give a Name: a hash number and a digest, such as 000b and 64 hexadecimal digits, from `attest -E` or /sys/class/tpm/tpm0/null_name";

/// Reads a Name.
///
/// # Errors
/// The file cannot be read, or contains no Name.
pub(crate) fn read(path: &Path) -> Result<Name, Error> {
    let bytes = input::read(path, ADVICE)?;
    parse(&bytes).ok_or_else(|| {
        Error::request(format!("{} does not contain the Name of a key", path.display()), ADVICE)
    })
}

/// Returns the Name in a file, or the one in hexadecimal digits if there is no such file.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_or_parse(argument: &Path) -> Result<Name, Error> {
    let typed = argument.to_str().filter(|_| !argument.exists()).and_then(|text| parse(text.as_bytes()));
    typed.map_or_else(|| read(argument), Ok)
}

fn parse(bytes: &[u8]) -> Option<Name> {
    let name = |bytes: &[u8]| is_name(bytes).then(|| Name::from(bytes));
    let text = || {
        let text = std::str::from_utf8(bytes).ok()?.trim();
        let digits = text.strip_prefix("0x").unwrap_or(text);
        from_hex(digits)
    };
    name(bytes).or_else(|| text().and_then(|bytes| name(&bytes)))
}

/// Returns true for nameAlg ‖ digest (TPM 2.0 Part 1 §16).
fn is_name(bytes: &[u8]) -> bool {
    HashAlg::ALL
        .into_iter()
        .any(|hash| bytes.len() == hash.size() + 2 && bytes.starts_with(&hash.id().0.to_be_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_every_format() {
        let name = Name::of(HashAlg::Sha256, b"public area");
        let hex = name.to_string();
        for text in [hex.clone(), format!("{hex}\n"), hex.to_uppercase(), format!(" 0x{hex}\r\n")] {
            assert_eq!(parse(text.as_bytes()), Some(name.clone()), "{text:?}");
        }
        assert_eq!(parse(name.as_bytes()), Some(name.clone()));
        let longer = Name::of(HashAlg::Sha384, b"public area");
        assert_eq!(parse(longer.to_string().as_bytes()), Some(longer));
    }

    #[test]
    fn other_content_is_refused() {
        let hex = Name::of(HashAlg::Sha256, b"public area").to_string();
        for text in [
            "",
            "000b",
            &hex[1..],
            &hex[..66],
            &format!("{hex}00"),
            &hex.replace("000b", "000c"),
            &hex.replace("000b", "+00b"),
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text:?}");
        }
    }
}
