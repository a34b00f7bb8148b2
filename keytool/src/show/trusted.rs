//! Describes trusted keys of the Linux kernel, as `keyctl pipe` prints them: a key file in hexadecimal, or before Linux 5.13 the private and
//! public area of a sealed object.

use keyfile::Public;
use keyfile::wire::{Reader, Unmarshal};

use super::public;
use crate::rows::Rows;

/// Decodes a text that is completely hexadecimal.
pub(super) fn bytes(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text.trim_ascii();
    let byte = |pair: &[u8]| match pair {
        &[high, low] => {
            let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            Some(digit(high)? << 4 | digit(low)?)
        }
        _ => None,
    };
    if digits.is_empty() { None } else { digits.chunks(2).map(byte).collect() }
}

/// The value of the row "written as".
pub(super) const WRITTEN: &str = "hexadecimal, as keyctl pipe prints a trusted key of the kernel";

/// Returns the public area, which follows the private one. The parent is not recorded.
pub(super) fn halves(bytes: &[u8]) -> Option<Public> {
    let mut reader = Reader::new(bytes);
    reader.sized().ok()?;
    Public::from_sized(reader.rest()).ok()
}

/// Adds the description of the two areas.
pub(super) fn rows(mut rows: Rows, area: &Public) -> Rows {
    rows.add("kind", "trusted key of a Linux before 5.13: TPM2B_PRIVATE and TPM2B_PUBLIC of sealed data");
    rows.add("written as", WRITTEN);
    public::add_identity(&mut rows, area);
    rows.add("parent", "unknown: this file does not contain it; keyctl add sets it (keyhandle=)");
    rows.add("password", "unknown: this file does not contain it");
    public::add_rules(&mut rows, area);
    public::add_uses(&mut rows, area);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_complete_hexadecimal_bytes_are_accepted() {
        assert_eq!(bytes(b"0081aF\n"), Some(vec![0, 0x81, 0xaf]));
        for text in [&b""[..], b" ", b"0", b"0g", b"00 11", b"-1"] {
            assert_eq!(bytes(text), None);
        }
    }
}
