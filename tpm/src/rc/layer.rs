//! The software layer that answered instead of the TPM: the layers of the TCG Software Stack (TSS 2.0 Overview §4, tss2_common.h).

use std::fmt;

/// The layer that a response code comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The TPM itself.
    Tpm,
    /// The feature API.
    Fapi,
    /// The enhanced system API.
    Esys,
    /// The system API.
    Sys,
    /// The marshalling library.
    Mu,
    /// The transport to the TPM, such as a device or socket.
    Tcti,
    /// A resource manager: tpm2-abrmd (layers 11 and 12), or the kernel's (layer 11).
    ResourceManager,
    /// A driver, or another layer.
    Other(u8),
}

/// The position of the layer in a code.
pub(super) const SHIFT: u32 = 16;

impl Layer {
    pub(super) fn of(code: u32) -> Self {
        match (code >> SHIFT).to_be_bytes() {
            [0, 0, 0, 0] => Self::Tpm,
            [0, 0, 0, 6] => Self::Fapi,
            [0, 0, 0, 7] => Self::Esys,
            [0, 0, 0, 8] => Self::Sys,
            [0, 0, 0, 9] => Self::Mu,
            [0, 0, 0, 10] => Self::Tcti,
            [0, 0, 0, 11 | 12] => Self::ResourceManager,
            [_, _, _, layer] => Self::Other(layer),
        }
    }

    /// Returns the layer's name in the names of its codes; None for layers whose codes have no names.
    pub(super) fn short_name(self) -> Option<&'static str> {
        match self {
            Self::Fapi => Some("FAPI"),
            Self::Esys => Some("ESYS"),
            Self::Sys => Some("SYS"),
            Self::Mu => Some("MU"),
            Self::Tcti => Some("TCTI"),
            Self::ResourceManager => Some("RESMGR"),
            Self::Tpm | Self::Other(_) => None,
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tpm => f.write_str("the TPM"),
            Self::Fapi => f.write_str("the TSS feature API"),
            Self::Esys => f.write_str("the TSS enhanced system API"),
            Self::Sys => f.write_str("the TSS system API"),
            Self::Mu => f.write_str("the TSS marshalling library"),
            Self::Tcti => f.write_str("the TCTI"),
            Self::ResourceManager => f.write_str("the resource manager"),
            Self::Other(layer) => write!(f, "layer {layer}"),
        }
    }
}

/// The codes that these layers share (TSS2_BASE_RC_*), with name and explanation. The feature API's own codes (28 and above) are
/// missing, because nothing here calls it.
#[rustfmt::skip]
pub(super) static BASE: &[(u32, &str, &str)] = &[
    (1, "GENERAL_FAILURE", "it failed without a reason"),
    (2, "NOT_IMPLEMENTED", "it does not have this function"),
    (3, "BAD_CONTEXT", "its context is damaged, or was made by another library"),
    (4, "ABI_MISMATCH", "it was built for another version of the interface"),
    (5, "BAD_REFERENCE", "a required pointer is missing"),
    (6, "INSUFFICIENT_BUFFER", "the buffer is too small for the answer"),
    (7, "BAD_SEQUENCE", "functions were called in the wrong order"),
    (8, "NO_CONNECTION", "it cannot connect to what is below it"),
    (9, "TRY_AGAIN", "there is no answer yet"),
    (10, "IO_ERROR", "reading or writing failed: the TPM, its device or its server is gone or refuses"),
    (11, "BAD_VALUE", "a value is wrong, such as a part of the TCTI string"),
    (12, "NOT_PERMITTED", "it does not permit this"),
    (13, "INVALID_SESSIONS", "the command does not take these sessions"),
    (14, "NO_DECRYPT_PARAM", "the command has no parameter to encrypt"),
    (15, "NO_ENCRYPT_PARAM", "the response has no parameter to encrypt"),
    (16, "BAD_SIZE", "a size is wrong"),
    (17, "MALFORMED_RESPONSE", "the response is not a TPM response"),
    (18, "INSUFFICIENT_CONTEXT", "the memory for its context is too small"),
    (19, "INSUFFICIENT_RESPONSE", "the response is too short"),
    (20, "INCOMPATIBLE_TCTI", "it cannot work with this TCTI"),
    (21, "NOT_SUPPORTED", "it does not support this"),
    (22, "BAD_TCTI_STRUCTURE", "the context of the TCTI is damaged"),
    (23, "MEMORY", "memory is exhausted"),
    (24, "BAD_TR", "there is no such ESYS object"),
    (25, "MULTIPLE_DECRYPT_SESSIONS", "more than one session is to decrypt"),
    (26, "MULTIPLE_ENCRYPT_SESSIONS", "more than one session is to encrypt"),
    (27, "RSP_AUTH_FAILED", "the response's HMAC is wrong"),
];
