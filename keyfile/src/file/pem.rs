//! PEM armour, as tolerant as OpenSSL's reader: any text around the block, other blocks before it, lines of any
//! width, blanks at their ends, CRLF. The crate `der` decodes and encodes the block itself.

use super::Error;
use super::source::Form;
use der::pem::LineEnding;

const LABEL: &str = "TSS2 PRIVATE KEY";
/// Of the layout before the standard.
const OLD_LABEL: &str = "TSS2 KEY BLOB";
/// The width of a line (RFC 7468 §2).
const WIDTH: usize = 64;

/// Finds the first block with one of the labels, and decodes it.
pub(super) fn find(octets: &[u8]) -> Result<(Vec<u8>, Form), Error> {
    let (start, label, body) = begin(octets).ok_or(Error::NoKey)?;
    let end_line = format!("-----END {label}-----");
    let mut text = String::new();
    let mut end = body;
    for line in octets.get(body..).unwrap_or_default().split_inclusive(|octet| *octet == b'\n') {
        end = end.saturating_add(line.len());
        let line = line.trim_ascii_end();
        if line == end_line.as_bytes() {
            let part = |range| octets.get(range).unwrap_or_default();
            let block = String::from_utf8_lossy(part(start..end)).into_owned();
            let form =
                Form::Pem { before: part(0..start).to_vec(), block, after: part(end..octets.len()).to_vec() };
            return Ok((decode(label, &text)?, form));
        }
        text.push_str(std::str::from_utf8(line).map_err(|_| Error::Pem(der::pem::Error::CharacterEncoding))?);
    }
    Err(Error::NoEnd)
}

/// A block with the label of today.
pub(super) fn encode(der: &[u8]) -> Result<String, Error> {
    der::pem::encode_string(LABEL, LineEnding::LF, der).map_err(Error::Pem)
}

/// Where the block begins, its label, and where its body begins.
fn begin(octets: &[u8]) -> Option<(usize, &'static str, usize)> {
    let mut at: usize = 0;
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        let start = at;
        at = at.saturating_add(line.len());
        // Editors of some systems put a byte order mark before the first line.
        let text = line.strip_prefix(b"\xef\xbb\xbf").filter(|_| start == 0).unwrap_or(line).trim_ascii_end();
        let label = text.strip_prefix(b"-----BEGIN ").and_then(|text| text.strip_suffix(b"-----"));
        if let Some(label) = [LABEL, OLD_LABEL].into_iter().find(|known| label == Some(known.as_bytes())) {
            return Some((start, label, at));
        }
    }
    None
}

/// Folds the body into lines as `der` wants them, and decodes it.
fn decode(label: &str, text: &str) -> Result<Vec<u8>, Error> {
    let mut pem = format!("-----BEGIN {label}-----\n");
    for (column, c) in text.chars().filter(|c| !c.is_ascii_whitespace()).enumerate() {
        if column > 0 && column % WIDTH == 0 {
            pem.push('\n');
        }
        pem.push(c);
    }
    pem.push_str(&format!("\n-----END {label}-----\n"));
    der::pem::decode_vec(pem.as_bytes()).map(|(_, der)| der).map_err(Error::Pem)
}
