//! The PEM blocks of a text, with the text before each.

use std::ops::Range;

/// A block in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// The text between the block before and this one.
    pub(crate) text: Range<usize>,
    /// The block, from its BEGIN line to its END line, or to the end of the text.
    pub(crate) range: Range<usize>,
}

/// The mark at the beginning of a text that some editors write.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Returns true if the file is DER and not PEM. A text may begin with the character 0, as a SEQUENCE does; but a SEQUENCE fills its file, or there is
/// no PEM block.
pub(crate) fn is_der(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0x30)
        && (asn1::parse_single::<asn1::Tlv<'_>>(bytes).is_ok() || blocks(bytes).is_empty())
}

/// Returns the blocks of a text. Whether they can be decoded is not checked.
pub(crate) fn blocks(bytes: &[u8]) -> Vec<Block> {
    let mut found = Vec::new();
    let content = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let begin = bytes.len().saturating_sub(content.len());
    let (mut at, mut text, mut open) = (begin, begin, None);
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        let start = at;
        at = at.saturating_add(line.len());
        match open {
            None if is_boundary(line, b"-----BEGIN ") => open = Some(start),
            Some(begin) if is_boundary(line, b"-----END ") => {
                found.push(Block { text: text..begin, range: begin..at });
                (text, open) = (at, None);
            }
            _ => {}
        }
    }
    if let Some(begin) = open {
        found.push(Block { text: text..begin, range: begin..at });
    }
    found
}

fn is_boundary(line: &[u8], head: &[u8]) -> bool {
    line.starts_with(head) && line.trim_ascii_end().ends_with(b"-----")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_block_has_the_text_before_it() {
        let text = b"a\n-----BEGIN X-----\nAA\n-----END X----- \nb\nc\n-----BEGIN Y-----\r\nBB\n-----END Y-----\r\nend";
        let part = |range: &Range<usize>| String::from_utf8(text[range.clone()].to_vec()).unwrap();
        let found: Vec<_> =
            blocks(text).iter().map(|block| (part(&block.text), part(&block.range))).collect();
        let expected = [
            ("a\n", "-----BEGIN X-----\nAA\n-----END X----- \n"),
            ("b\nc\n", "-----BEGIN Y-----\r\nBB\n-----END Y-----\r\n"),
        ];
        assert_eq!(found, expected.map(|(text, block)| (text.to_owned(), block.to_owned())));
        assert!(blocks(b"no block").is_empty());
        let cut = blocks(b"-----BEGIN X-----\nAA\n");
        assert_eq!(cut, [Block { text: 0..0, range: 0..21 }]);
    }

    #[test]
    fn a_text_may_begin_with_a_mark_or_the_character_0() {
        let block = b"-----BEGIN X-----\nAA\n-----END X-----\n";
        let marked = [BYTE_ORDER_MARK, block].concat();
        assert_eq!(blocks(&marked), [Block { text: 3..3, range: 3..marked.len() }]);
        assert!(!is_der(&marked) && !is_der(&[b"0 is the first key\n", &block[..]].concat()));
        assert!(is_der(b"\x30\x02AA") && is_der(b"\x30\x82\xff") && !is_der(b""));
        // The block is inside of the SEQUENCE.
        assert!(is_der(&[b"\x30\x28\n", &block[..], b"AA"].concat()));
    }
}
