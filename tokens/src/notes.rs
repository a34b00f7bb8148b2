//! The lines `label: TEXT` and `id: HEX` before a PEM block.

/// The lines before one block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    pub(crate) label: Option<String>,
    pub(crate) id: Option<Vec<u8>>,
    /// True if a line `id:` is not hexadecimal. It is ignored.
    pub(crate) wrong_id: bool,
}

const LABEL: &str = "label:";
const ID: &str = "id:";

impl Notes {
    /// Reads the text before a block. The last line of each name counts: it is next to the block.
    pub(crate) fn read(text: &[u8]) -> Self {
        let mut notes = Self::default();
        for line in String::from_utf8_lossy(text).lines() {
            if let Some(label) = value(line, LABEL) {
                notes.label = Some(label.to_owned()).filter(|label| !label.is_empty());
            } else if let Some(id) = value(line, ID) {
                notes.id = hex(id);
                notes.wrong_id = notes.id.is_none();
            }
        }
        notes
    }

    /// Returns the lines.
    pub(crate) fn text(&self) -> String {
        let label = self.label.as_ref().map(|label| format!("{LABEL} {}\n", on_one_line(label)));
        let id = self.id.as_ref().map(|id| format!("{ID} {}\n", hex_of(id)));
        [label, id].into_iter().flatten().collect()
    }

    /// Returns the text with these lines instead of those that it has. All other lines are kept.
    pub(crate) fn replaced_in(&self, text: &[u8]) -> Vec<u8> {
        let is_note = |line: &[u8]| {
            let line = String::from_utf8_lossy(line);
            value(&line, LABEL).is_some() || value(&line, ID).is_some()
        };
        let mut kept: Vec<u8> = text
            .split_inclusive(|byte| *byte == b'\n')
            .filter(|line| !is_note(line))
            .flatten()
            .copied()
            .collect();
        if kept.last().is_some_and(|last| *last != b'\n') {
            kept.push(b'\n');
        }
        kept.extend_from_slice(self.text().as_bytes());
        kept
    }
}

/// Parses hexadecimal digits in pairs; none if there are none, or other characters.
pub(crate) fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |character: char| character.to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let digits: Vec<u8> = text.chars().map(digit).collect::<Option<_>>()?;
    let byte = |pair: &[u8]| pair.iter().fold(0, |byte, digit| byte << 4 | digit);
    (!digits.is_empty() && digits.len() % 2 == 0).then(|| digits.chunks(2).map(byte).collect())
}

/// Returns hexadecimal digits.
pub(crate) fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the text without line ends and other control characters, which would begin another line of the file.
pub(crate) fn on_one_line(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.trim().to_owned()
}

fn value<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (head, rest) = line.split_at_checked(name.len())?;
    head.eq_ignore_ascii_case(name).then(|| rest.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_replaced() {
        let text = b"a key of the mail server\r\nLabel: Mail key\r\nid: 0aFF\r\n";
        let notes = Notes::read(text);
        assert_eq!(notes, Notes { label: Some("Mail key".into()), id: Some(vec![10, 255]), wrong_id: false });
        let new = Notes { label: Some("other\nid: 00".into()), ..notes };
        let text = new.replaced_in(text);
        assert_eq!(text, b"a key of the mail server\r\nlabel: other id: 00\nid: 0aff\n");
        assert_eq!(Notes::read(&text).label.as_deref(), Some("other id: 00"));
        assert_eq!(new.replaced_in(&text), text);
        assert_eq!(new.replaced_in(b"no line end"), b"no line end\nlabel: other id: 00\nid: 0aff\n");
    }

    #[test]
    fn a_wrong_id_is_noticed() {
        for text in ["id: 0", "id: xy", "id:", "id: 00:11"] {
            assert!(Notes::read(text.as_bytes()).wrong_id, "{text}");
        }
        assert_eq!(Notes::read(b" id: 00\nvalid: 1\n\xff\xfe"), Notes::default());
        assert_eq!(hex("00Ff"), Some(vec![0, 255]));
    }
}
