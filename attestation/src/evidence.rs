//! What a client sends to prove that a TPM holds its key, whatever the format.

use keyfile::Signature;

/// The parts of the proof. Nothing in it can be trusted before it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The statement of the attestation key about the key: the TPMS_ATTEST, as it was signed.
    pub statement: Vec<u8>,
    /// The signature of the statement.
    pub signature: Signature,
    /// The TPMT_PUBLIC of the key.
    pub key: Vec<u8>,
    /// The TPMT_PUBLIC of the attestation key. The CBOR formats do not contain it.
    pub signer: Option<Vec<u8>>,
    /// The certificate of the attestation key, in DER, and its issuers; empty if it has none.
    pub signer_chain: Vec<Vec<u8>>,
}
