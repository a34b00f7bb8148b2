//! Keeps the bytes of unchanged elements when another part of the file has changed.
//!
//! Files from other tools are not always canonical: emptyAuth is 0x01 or absent, the parent is a negative INTEGER. Adding a signed policy
//! changes only that element.

use super::Error;
use asn1::{Sequence, SequenceWriter, Tag, Tlv};

/// Returns the elements of `new`, but takes an element from `read` if it has not changed. It has not changed if `canonical`, which our
/// writer made of the file when it was read, contains the same element.
pub(super) fn unchanged(read: &[u8], canonical: &[u8], new: &[u8]) -> Result<Vec<u8>, Error> {
    let (read, canonical) = (elements(read)?, elements(canonical)?);
    let mut kept = Vec::new();
    for (key, element) in elements(new)? {
        match find(&canonical, key) {
            // The file that was read lacks the element: the writer adds what its absence means.
            Some(same) if same == element => kept.extend(find(&read, key)),
            _ => kept.push(element),
        }
    }
    let fields = |w: &mut asn1::Writer<'_>| kept.iter().try_for_each(|element| w.write_element(element));
    Ok(asn1::write_single(&SequenceWriter::new(&fields))?)
}

/// An element's tag, and how many elements with this tag precede it.
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
