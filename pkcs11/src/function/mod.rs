//! The functions of PKCS#11 in safe Rust, in the groups of the specification (PKCS#11 3.0 §5.4 to §5.18).

pub(crate) mod decrypt;
pub(crate) mod find;
pub(crate) mod general;
pub(crate) mod key;
pub(crate) mod object;
pub(crate) mod random;
pub(crate) mod session;
pub(crate) mod sign;
pub(crate) mod slot;

use cryptoki_sys::*;

/// Fills a text field of a structure: UTF-8 without a zero byte, padded with blanks, cut between characters.
fn text<const N: usize>(text: &str) -> [CK_UTF8CHAR; N] {
    let mut field = [b' '; N];
    let mut end = text.len().min(N);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    for (place, byte) in field.iter_mut().zip(text.bytes().take(end)) {
        *place = byte;
    }
    field
}

/// The version of this module.
const VERSION: CK_VERSION = CK_VERSION {
    major: number(env!("CARGO_PKG_VERSION_MAJOR")),
    minor: number(env!("CARGO_PKG_VERSION_MINOR")),
};

const fn number(text: &str) -> u8 {
    match u8::from_str_radix(text, 10) {
        Ok(number) => number,
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn text_is_padded_and_cut_between_characters() {
        assert_eq!(text::<4>("ab"), *b"ab  ");
        assert_eq!(text::<4>("abcde"), *b"abcd");
        assert_eq!(text::<4>("abcü"), *b"abc ");
    }
}
