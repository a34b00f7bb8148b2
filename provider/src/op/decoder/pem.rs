//! Turns PEM into DER, for both labels of key files and the label of key references.

use std::sync::Arc;

use keyfile::{Held, KeyFile, KeyReference};
use zeroize::Zeroizing;

use super::passing::pass_on;
use crate::error::Result;
use crate::ffi::bio::Bio;
use crate::ffi::callback::{Callback, Passphrase};
use crate::ffi::core::Core;
use crate::ffi::crypto::Selection;
use crate::ffi::op::decoder::Decoder;
use crate::provider::Provider;

const LABELS: [&[u8]; 3] = [b"-----BEGIN TSS2 PRIVATE KEY-----", b"-----BEGIN TSS2 KEY BLOB-----", REFERENCE];
const REFERENCE: &[u8] = b"-----BEGIN TPM2 KEY REFERENCE-----";

/// The longest part of a line that is read in one step.
const LINE: usize = 1024;

/// Accepts the next PEM block of the input if it is a TPM key file.
pub(crate) struct PemDecoder;

impl Decoder for PemDecoder {
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
        let Some(block) = next_block(provider.core(), &mut input) else { return Ok(true) };
        // libcrypto asks all decoders of PEM, whatever the query is, and silently drops what the next
        // decoders return.
        provider.check_fips()?;
        let (public, der) = match block.starts_with(REFERENCE) {
            true => {
                let der = KeyReference::der(&block)?;
                (KeyReference::from_der(&der)?.public, der)
            }
            false => match Held::parse(&block)? {
                Held::Reference(reference) => {
                    let der = reference.to_der()?;
                    (reference.public, der)
                }
                Held::Key(file) => {
                    let der = Zeroizing::new(file.to_der()?);
                    (file.public, der)
                }
            },
        };
        pass_on(provider, &public, &der, found)
    }
}

/// Returns the next block if it has a known label. Reads line by line and never beyond the END line: what
/// follows belongs to the next round.
fn next_block(core: &Core, input: &mut Bio<'_>) -> Option<Zeroizing<Vec<u8>>> {
    let mut buffer = Zeroizing::new([0; LINE]);
    loop {
        let line = input.line(core, &mut *buffer)?;
        // Editors of some systems put a byte order mark before the first line. libcrypto removes it as well.
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        if !line.starts_with(b"-----BEGIN ") {
            continue;
        }
        if !LABELS.contains(&line.trim_ascii_end()) {
            return None;
        }
        let (longest, room) = match line.starts_with(REFERENCE) {
            // The capacity is reserved in advance: a buffer that grows leaves copies of a password behind.
            true => (KeyReference::MAX_SIZE, KeyReference::MAX_SIZE.saturating_add(LINE)),
            false => (KeyFile::MAX_SIZE, LINE),
        };
        let mut block = Zeroizing::new(Vec::with_capacity(room));
        block.extend_from_slice(line);
        while let Some(line) = input.line(core, &mut *buffer) {
            // A block that is longer than any key is refused by its size. It is still read to its end:
            // otherwise the store would try the rest again and again, a few bytes further each time.
            if block.len() <= longest {
                block.extend_from_slice(line);
            }
            if line.starts_with(b"-----END ") {
                break;
            }
        }
        return Some(block);
    }
}
