//! PEM, read as tolerantly as OpenSSL does: any text around the block, other blocks before it, lines of any width, blanks at the end of
//! lines, CRLF. The crate `der` decodes and encodes the block itself.

use std::ops::Range;

use super::Error;
use super::reader;
use super::source::Form;
use der::pem::LineEnding;
use zeroize::Zeroizing;

const LABEL: &str = "TSS2 PRIVATE KEY";
/// The label of the layout from before the standard.
const OLD_LABEL: &str = "TSS2 KEY BLOB";
/// The width of a line (RFC 7468 §2).
const WIDTH: usize = 64;

/// A block in a text.
pub(crate) struct Block {
    /// The decoded block. A key reference may contain a password.
    pub(crate) der: Zeroizing<Vec<u8>>,
    /// The position of the block, including its BEGIN and END lines.
    pub(crate) range: Range<usize>,
}

/// Why no block was decoded.
#[derive(Debug, PartialEq)]
pub(crate) enum Fault {
    None,
    NoEnd,
    Damaged(der::pem::Error),
}

/// Finds and decodes the first block with a key's label.
pub(super) fn find(bytes: &[u8]) -> Result<(Vec<u8>, Form), Error> {
    let Block { mut der, range } = block(bytes, &[LABEL, OLD_LABEL]).map_err(|fault| match fault {
        Fault::None => Error::NoKey,
        Fault::NoEnd => Error::NoEnd,
        Fault::Damaged(source) => Error::Pem(source),
    })?;
    let part = |range| bytes.get(range).unwrap_or_default();
    let block = String::from_utf8_lossy(part(range.clone())).into_owned();
    let (before, after) = (part(0..range.start).to_vec(), part(range.end..bytes.len()).to_vec());
    Ok((std::mem::take(&mut *der), Form::Pem { before, block, after }))
}

/// Finds and decodes the first block with one of these labels.
pub(crate) fn block(bytes: &[u8], labels: &[&'static str]) -> Result<Block, Fault> {
    let (start, label, body) = begin(bytes, labels).ok_or(Fault::None)?;
    let (body, end) = end(bytes, body, label).ok_or(Fault::NoEnd)?;
    let text = std::str::from_utf8(body).map_err(|_| Fault::Damaged(der::pem::Error::CharacterEncoding))?;
    Ok(Block { der: decode(label, text)?, range: start..end })
}

/// Encodes a block with the label of the layout.
pub(super) fn encode(der: &[u8]) -> Result<String, Error> {
    let label = if reader::is_legacy(der) { OLD_LABEL } else { LABEL };
    encode_as(label, der).map_err(Error::Pem)
}

/// Encodes a block with this label.
pub(crate) fn encode_as(label: &str, der: &[u8]) -> Result<String, der::pem::Error> {
    der::pem::encode_string(label, LineEnding::LF, der)
}

/// Returns true if the bytes begin like PEM in UTF-16, with or without a byte order mark.
pub(super) fn is_utf16(bytes: &[u8]) -> bool {
    [&b"\xff\xfe"[..], b"\xfe\xff", b"-\0-\0", b"\0-\0-"].iter().any(|head| bytes.starts_with(head))
}

/// Returns the start of the block, its label, and the start of its body.
fn begin(bytes: &[u8], labels: &[&'static str]) -> Option<(usize, &'static str, usize)> {
    let mut at: usize = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let start = at;
        at = at.saturating_add(line.len());
        // Some editors put a byte order mark before the first line.
        let text = line.strip_prefix(b"\xef\xbb\xbf").filter(|_| start == 0).unwrap_or(line).trim_ascii_end();
        let label = text.strip_prefix(b"-----BEGIN ").and_then(|text| text.strip_suffix(b"-----"));
        if let Some(label) = labels.iter().copied().find(|known| label == Some(known.as_bytes())) {
            return Some((start, label, at));
        }
    }
    None
}

/// Returns the body before the END line, and the end of that line. Only the body is copied, however many blocks follow.
fn end<'a>(bytes: &'a [u8], body: usize, label: &str) -> Option<(&'a [u8], usize)> {
    let end_line = format!("-----END {label}-----");
    let mut at = body;
    for line in bytes.get(body..)?.split_inclusive(|byte| *byte == b'\n') {
        let start = at;
        at = at.saturating_add(line.len());
        if line.trim_ascii_end() == end_line.as_bytes() {
            return Some((bytes.get(body..start)?, at));
        }
    }
    None
}

/// Folds the body into the lines that `der` requires, and decodes it. The buffer is allocated once: a buffer that grows leaves copies
/// behind.
fn decode(label: &str, text: &str) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let armour = label.len().saturating_add(32).saturating_mul(2);
    let room = text.len().saturating_add(text.len() / WIDTH).saturating_add(armour);
    let mut pem = Zeroizing::new(String::with_capacity(room));
    pem.push_str(&format!("-----BEGIN {label}-----\n"));
    for (column, c) in text.chars().filter(|c| !c.is_ascii_whitespace()).enumerate() {
        if column > 0 && column % WIDTH == 0 {
            pem.push('\n');
        }
        pem.push(c);
    }
    pem.push_str(&format!("\n-----END {label}-----\n"));
    der::pem::decode_vec(pem.as_bytes()).map(|(_, der)| Zeroizing::new(der)).map_err(Fault::Damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_ends_at_the_first_end_line() {
        let text = b"AAAA\nBB==  \n-----END A-----  \r\nmore\n-----END A-----\n";
        assert_eq!(end(text, 5, "A"), Some((&b"BB==  \n"[..], 31)));
        assert_eq!((end(text, 60, "A"), end(text, 0, "B")), (None, None));
    }
}
