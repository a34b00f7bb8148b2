//! Trusted keys of the Linux kernel, as `keyctl pipe` prints them: a key file in hexadecimal; before Linux 5.13 the two halves of a sealed object.

use keyfile::Public;
use keyfile::wire::{Reader, Unmarshal};

use super::public;
use crate::rows::Rows;

/// The bytes of a text that is hexadecimal and nothing else.
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

/// What it is written in.
pub(super) const WRITTEN: &str = "hexadecimal, as keyctl pipe prints a trusted key of the kernel";

/// The public area behind the private one, which nothing tells the parent of.
pub(super) fn halves(bytes: &[u8]) -> Option<Public> {
    let mut reader = Reader::new(bytes);
    reader.sized().ok()?;
    Public::from_sized(reader.rest()).ok()
}

/// All that is told of the two halves.
pub(super) fn rows(mut rows: Rows, area: &Public) -> Rows {
    rows.add("kind", "trusted key of a Linux before 5.13: TPM2B_PRIVATE and TPM2B_PUBLIC of sealed data");
    rows.add("written as", WRITTEN);
    public::tell(&mut rows, area);
    rows.add("parent", "not told by this file: keyctl add names it (keyhandle=)");
    rows.add("password", "not told by this file");
    public::tell_rules(&mut rows, area);
    public::tell_uses(&mut rows, area);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_bytes_of_hexadecimal_are_read() {
        assert_eq!(bytes(b"0081aF\n"), Some(vec![0, 0x81, 0xaf]));
        for text in [&b""[..], b" ", b"0", b"0g", b"00 11", b"-1"] {
            assert_eq!(bytes(text), None);
        }
    }
}
