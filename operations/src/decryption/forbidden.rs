//! Decryption with a key without a scheme on a TPM that forbids the bare private operation. The TPM removes
//! the padding.
//!
//! PKCS#1 v1.5 keeps its implicit rejection: the padding that the TPM removed is added again, and a refusal
//! becomes a block without a message. `missing` then processes both in the same way. The time that the TPM
//! takes to refuse depends on the TPM.

use keyfile::{AlgId, Attributes, HashAlg, Scheme, Signature};
use missing::pkcs1::rejection::{SIGNED_DIGEST, Secret};
use tpm::rc::{Part, ResponseCode};
use zeroize::Zeroizing;

use super::by_scheme::{check_label, decrypt_by_scheme};
use super::{padding_error, wrong_result};
use crate::public::opens_to;
use crate::{Digest, Error, Kind, Private, PublicHalf, Result};

/// The overhead of a padded block: 00 02, at least eight bytes of padding, 00 (RFC 8017 §7.2.1).
const LEAST_PADDING: usize = 11;

/// Decrypts OAEP (TPM_ALG_OAEP). The TPM uses one hash for message, label and MGF1.
///
/// # Errors
/// The TPM does not support the hashes or the label, or the padding is wrong.
pub(super) fn oaep(
    private: &dyn Private,
    block: &[u8],
    [digest, mgf1]: [Digest<'_>; 2],
    label: &[u8],
) -> Result<Zeroizing<Vec<u8>>> {
    let hash = digest.tpm_hash().filter(|hash| mgf1.tpm_hash() == Some(*hash));
    let hash = hash.ok_or_else(|| {
        let text = "this TPM forbids raw RSA and decrypts OAEP with one hash for label and MGF1";
        Error::new(Kind::UnsupportedPadding, text)
            .with_hint("use sha256, sha1, sha384 or sha512 for both[ (rsa_oaep_md, rsa_mgf1_md)]")
    })?;
    let label = check_label(
        label,
        "this TPM forbids raw RSA and decrypts OAEP itself",
        "encrypt with such a label or without one",
    )?;
    decrypt_by_scheme(private, block, Scheme::Oaep(hash), label).map_err(|error| {
        explain_missing_scheme(
            error,
            &format!("does not decrypt OAEP with {hash}"),
            "use another digest, such as sha256[ (rsa_oaep_md, rsa_mgf1_md)]",
        )
    })
}

/// Returns a block of PKCS#1 v1.5 (TPM_ALG_RSAES) as the private operation would return it, except for the
/// bytes of the padding. If the TPM refuses the padding, the block consists of zeros, which are not a
/// padding.
///
/// # Errors
/// What the TPM reports, except for a wrong padding.
pub(super) fn pkcs1_block(private: &dyn Private, block: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let answer = private.rsa_decrypt_by_scheme(block, Scheme::Rsaes, &[]).map_err(|error| {
        explain_missing_scheme(
            error,
            "does not decrypt PKCS#1 v1.5",
            "encrypt with oaep[ (rsa_padding_mode)]",
        )
    })?;
    Ok(padded(answer.map(|answer| answer.value), block.len()))
}

/// Pads a message, or returns a block without a message. Some TPMs accept a padding that is too short; that
/// is not a message either.
fn padded(message: Option<Zeroizing<Vec<u8>>>, size: usize) -> Zeroizing<Vec<u8>> {
    let longest = size.saturating_sub(LEAST_PADDING);
    let (begin, filler, message) = match message.filter(|message| message.len() <= longest) {
        Some(message) => ([0, 2], 0xff, message),
        None => ([0, 0], 0, Zeroizing::default()),
    };
    // The capacity is reserved in advance: a vector that grows leaves copies behind.
    let mut block = Zeroizing::new(Vec::with_capacity(size));
    block.extend_from_slice(&begin);
    block.resize(size.saturating_sub(message.len()).saturating_sub(1), filler);
    block.push(0);
    block.extend_from_slice(&message);
    block
}

/// Returns the secret from which synthetic messages are derived: a deterministic signature that no caller gets.
///
/// # Errors
/// The key may not sign. Then a wrong padding cannot be hidden.
pub(super) fn secret(private: &dyn Private, public: &dyn PublicHalf) -> Result<Secret> {
    if !private.public().attributes.contains(Attributes::SIGN) {
        let text = "this TPM forbids raw RSA: a decrypt-only key cannot hide wrong PKCS#1 v1.5 paddings";
        return Err(Error::new(Kind::UnsupportedPadding, text)
            .with_hint("use OAEP, or a key that also signs (tpm2-keytool create)"));
    }
    let answer = private.sign(&SIGNED_DIGEST, HashAlg::Sha256, AlgId::RSASSA)?;
    let Signature::Rsa { bytes, .. } = answer.value else { return Err(wrong_result()) };
    let bytes = Zeroizing::new(bytes);
    let block = missing::pkcs1::encode_signature(missing::Digest::Sha256, &SIGNED_DIGEST, bytes.len());
    let block = block.map_err(padding_error)?;
    if opens_to(public, private.public(), &bytes, &block)? {
        Ok(Secret::new(&bytes))
    } else {
        Err(wrong_result())
    }
}

/// Explains an error of a TPM that does not support the scheme.
fn explain_missing_scheme(error: Error, what: &str, hint: &'static str) -> Error {
    // The scheme is the second parameter of TPM2_RSA_Decrypt.
    match error.tpm().and_then(|error| ResponseCode(error.response_code()?).part()) {
        Some(Part::Parameter(2)) if error.is_unsupported_by_tpm() => {
            let text = format!("this TPM forbids raw RSA and {what}");
            Error::new(Kind::UnsupportedPadding, text).with_hint(hint).because(error)
        }
        _ => error,
    }
}

/// The error for a message without padding.
pub(super) fn no_padding() -> Error {
    let text = "this TPM forbids raw RSA: it cannot decrypt without padding";
    Error::new(Kind::UnsupportedPadding, text)
        .with_hint("encrypt with oaep or pkcs1[ (rsa_padding_mode)], or use a software key")
}

#[cfg(test)]
mod tests {
    use missing::pkcs1::encryption;

    use super::*;

    #[test]
    fn a_message_without_room_for_padding_is_refused() {
        for (length, is_message) in [
            (Some(0), true),
            (Some(245), true),
            (Some(246), false),
            (Some(254), false),
            (Some(256), false),
            (None, false),
        ] {
            let block = padded(length.map(|length| Zeroizing::new(vec![7; length])), 256);
            assert_eq!(block.len(), 256, "{length:?}");
            let message = encryption::decode(&block).and_then(missing::Message::reveal);
            assert_eq!(
                message.ok().map(|message| message.len()),
                length.filter(|_| is_message),
                "{length:?}"
            );
        }
    }
}
