//! Adds a structure to bare DER, so that it reaches the decoders of this provider. An error of such a decoder
//! is then reported (see `last_error`).

use std::sync::Arc;

use keyfile::{Held, KeyFile, KeyReference};
use zeroize::Zeroizing;

use super::der::{HEAD_BYTES, is_key_file};
use super::passing::pass_on;
use crate::error::Result;
use crate::ffi::bio::Bio;
use crate::ffi::callback::{Callback, Passphrase};
use crate::ffi::crypto::Selection;
use crate::ffi::op::decoder::Decoder;
use crate::provider::Provider;

/// Accepts the next DER structure of the input if it is a TPM key file.
pub(crate) struct BareDecoder;

impl Decoder for BareDecoder {
    fn does_selection(_: Selection) -> bool {
        true
    }

    fn decode(
        provider: &Arc<Provider>,
        mut input: Bio<'_>,
        _: Selection,
        found: &Callback<'_>,
        _: &Passphrase<'_>,
    ) -> Result<bool> {
        let mut head = Zeroizing::new(Vec::with_capacity(HEAD_BYTES));
        input.read(provider.core(), HEAD_BYTES, &mut head);
        let is_reference = KeyReference::is_der(&head);
        if !is_reference && !is_key_file(&head) {
            return Ok(true);
        }
        // libcrypto asks all decoders of DER, whatever the query is, and silently drops what the next
        // decoders return.
        provider.check_fips()?;
        let longest = if is_reference { KeyReference::MAX_SIZE } else { KeyFile::MAX_SIZE };
        // Reads no byte beyond the structure: what follows belongs to the next round.
        let length = length(&head).min(longest.saturating_add(HEAD_BYTES));
        // The capacity is reserved in advance: a buffer that grows leaves copies of a password behind.
        let mut der = Zeroizing::new(Vec::with_capacity(length.max(HEAD_BYTES)));
        der.extend_from_slice(&head);
        input.read(provider.core(), length.saturating_sub(HEAD_BYTES), &mut der);
        let (public, der) = match is_reference {
            true => (KeyReference::from_der(&der)?.public, der),
            false => match Held::from_der(&der)? {
                Held::Reference(reference) => {
                    let der = reference.to_der()?;
                    (reference.public, der)
                }
                Held::Key(file) => (file.public, der),
            },
        };
        pass_on(provider, &public, &der, found)
    }
}

/// The length of a SEQUENCE with its header (X.690 §8.1.3), in bytes.
fn length(head: &[u8]) -> usize {
    let Some([_, first, rest @ ..]) = head.get(..10) else { return head.len() };
    if first & 0x80 == 0 {
        return usize::from(*first).saturating_add(2);
    }
    let further = rest.iter().take(usize::from(first & 0x7f));
    let contents = further.clone().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
    contents.saturating_add(further.len()).saturating_add(2)
}

#[cfg(test)]
mod tests {
    use super::length;

    #[test]
    fn short_and_long_der_lengths_are_read() {
        let head = |first: &[u8]| [first, &[0; 16]].concat();
        assert_eq!(length(&head(&[0x30, 0x23])), 0x25);
        assert_eq!(length(&head(&[0x30, 0x81, 0xf0])), 0xf3);
        assert_eq!(length(&head(&[0x30, 0x82, 0x01, 0x23])), 0x127);
        assert_eq!(length(&[0x30]), 1);
        assert!(length(&[0xff; 20]) > 1 << 40);
    }
}
