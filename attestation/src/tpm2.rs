//! The files of tpm2-tools: `tpm2_certify -o` writes the TPMS_ATTEST, `-s` the TPMT_SIGNATURE.

use keyfile::Signature;
use keyfile::wire::Unmarshal;

use crate::{Evidence, Malformed};

/// Creates evidence from a TPMS_ATTEST, a TPMT_SIGNATURE, and the TPM2B_PUBLIC of both keys. The TPMS_ATTEST may be in a TPM2B_ATTEST.
///
/// # Errors
/// A structure is damaged.
pub fn evidence(
    attest: &[u8],
    signature: &[u8],
    key: &[u8],
    signer: Option<&[u8]>,
) -> Result<Evidence, Malformed> {
    Ok(Evidence {
        statement: unsized_(attest).unwrap_or(attest).to_vec(),
        signature: Signature::from_bytes(signature).map_err(Malformed::because("signature"))?,
        key: area(key, "public area of the key")?,
        signer: signer.map(|signer| area(signer, "public area of the attestation key")).transpose()?,
        signer_chain: Vec::new(),
    })
}

fn area(sized: &[u8], what: &'static str) -> Result<Vec<u8>, Malformed> {
    unsized_(sized).map(<[u8]>::to_vec).ok_or_else(|| Malformed::new(what, "it is not a TPM2B_PUBLIC"))
}

/// Returns the contents of a sized buffer that is all there is.
fn unsized_(bytes: &[u8]) -> Option<&[u8]> {
    let (size, contents) = bytes.split_first_chunk()?;
    (usize::from(u16::from_be_bytes(*size)) == contents.len()).then_some(contents)
}
