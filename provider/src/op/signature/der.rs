//! ECDSA-Sig-Value (RFC 3279 §2.2.3): the sequence of r and s.

use asn1::BigUint;

/// Encodes a signature in DER. Returns `None` if a number is zero, which no valid signature contains.
#[inline(never)]
pub(in crate::op) fn signature(r: &[u8], s: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = (positive(r)?, positive(s)?);
    let (r, s) = (BigUint::new(&r)?, BigUint::new(&s)?);
    asn1::write(|writer| {
        writer.write_element(&asn1::SequenceWriter::new(&|writer| {
            writer.write_element(&r)?;
            writer.write_element(&s)
        }))
    })
    .ok()
}

/// Removes superfluous zeros, and adds one if the number would be read as negative.
fn positive(bytes: &[u8]) -> Option<Vec<u8>> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let significant = bytes.get(zeros..)?;
    let first = significant.first()?;
    let mut number = Vec::with_capacity(significant.len() + 1);
    if first & 0x80 != 0 {
        number.push(0);
    }
    number.extend_from_slice(significant);
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::signature;

    #[test]
    fn numbers_are_positive_and_short() {
        assert_eq!(signature(&[0, 0, 0x80], &[0x7f, 1]).unwrap(), [0x30, 8, 2, 2, 0, 0x80, 2, 2, 0x7f, 1]);
        assert_eq!(signature(&[0, 0], &[1]), None);
    }
}
