//! A file that was changed in one place keeps the bytes of all others.
//!
//! Other tools' files are not always canonical: emptyAuth is 0x01 or lacks, the parent is a negative INTEGER. Whoever adds a signed policy
//! changes that element alone.

use super::Error;
use asn1::{Sequence, SequenceWriter, Tag, Tlv};

/// The elements of `new`, but those as they stood in `read` that our writer had made into `canonical`, and makes into the same now.
pub(super) fn unchanged(read: &[u8], canonical: &[u8], new: &[u8]) -> Result<Vec<u8>, Error> {
    let (read, canonical) = (elements(read)?, elements(canonical)?);
    let mut kept = Vec::new();
    for (key, element) in elements(new)? {
        match find(&canonical, key) {
            // Not there in the file that was read: the writer says what its absence means.
            Some(same) if same == element => kept.extend(find(&read, key)),
            _ => kept.push(element),
        }
    }
    let fields = |w: &mut asn1::Writer<'_>| kept.iter().try_for_each(|element| w.write_element(element));
    Ok(asn1::write_single(&SequenceWriter::new(&fields))?)
}

/// An element's tag, and how many of this tag stand before it.
type Key = (Tag, usize);

pub(super) fn elements(der: &[u8]) -> Result<Vec<(Key, Tlv<'_>)>, Error> {
    asn1::parse_single::<Sequence<'_>>(der)?.parse(|p| {
        let mut elements: Vec<(Key, Tlv<'_>)> = Vec::new();
        while !p.is_empty() {
            let element = p.read_element::<Tlv<'_>>()?;
            let before = elements.iter().filter(|((tag, _), _)| *tag == element.tag()).count();
            elements.push(((element.tag(), before), element));
        }
        Ok(elements)
    })
}

fn find<'a>(elements: &[(Key, Tlv<'a>)], key: Key) -> Option<Tlv<'a>> {
    elements.iter().find(|(of, _)| *of == key).map(|(_, element)| *element)
}
