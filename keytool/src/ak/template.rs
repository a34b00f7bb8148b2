//! The templates of attestation keys.

use clap::ValueEnum;
use keyfile::{Attributes, Handle, HashAlg, Public, PublicKey, Scheme};
use tpm::{Auth, Primary, Tpm};

use crate::attest::read_index;
use crate::error::Error;
use crate::public_key::area;

/// The type of an attestation key.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Template {
    /// P-256, ECDSA with SHA-256
    Ak,
    /// RSA-2048, PKCS#1 v1.5 with SHA-256
    AkRsa,
    /// The Initial Attestation Key of TCG: P-256, ECDSA with SHA-256
    IakEcc,
    /// The Initial Attestation Key of TCG: RSA-2048, PSS with SHA-256
    IakRsa,
    /// The template that Google Cloud keeps in NV: P-256
    GoogleEcc,
    /// The template that Google Cloud keeps in NV: RSA-2048
    GoogleRsa,
}

/// The policy of Initial Attestation Keys with SHA-256 (TCG TPM 2.0 Keys for Device Identity and Attestation 1.0 §7.3.6.6, table 19).
const IAK_POLICY: [u8; 32] = [
    0x54, 0x37, 0x18, 0x23, 0x26, 0xe4, 0x14, 0xfc, 0xa7, 0x97, 0xd5, 0xf1, 0x74, 0x61, 0x5a, 0x16, 0x41,
    0xf6, 0x12, 0x55, 0x79, 0x7c, 0x3a, 0x2b, 0x22, 0xc2, 0x1d, 0x12, 0x0b, 0x2d, 0x1e, 0x07,
];
/// Their unique field (the same, §7.3.1).
const IAK_UNIQUE: &[u8] = b"IAK";

/// The indexes of Google's templates.
const GOOGLE_ECC: Handle = Handle(0x01c1_0003);
const GOOGLE_RSA: Handle = Handle(0x01c1_0001);

impl Template {
    /// Returns the primary key of this template. Only Google's templates are read from the TPM.
    ///
    /// # Errors
    /// There is no template in NV.
    pub(super) fn primary(self, tpm: &Tpm, hierarchy: Handle, auth: Option<Auth>) -> Result<Primary, Error> {
        let template = match self {
            Self::Ak => return Ok(Primary::signer(hierarchy, auth, false)),
            Self::AkRsa => return Ok(Primary::signer(hierarchy, auth, true)),
            Self::IakEcc => iak(Primary::signer(hierarchy, None, false).template),
            Self::IakRsa => iak(Primary::signer(hierarchy, None, true).template),
            Self::GoogleEcc => in_nv(tpm, GOOGLE_ECC)?,
            Self::GoogleRsa => in_nv(tpm, GOOGLE_RSA)?,
        };
        Ok(Primary { hierarchy, auth, template })
    }
}

/// Returns the template of an Initial Attestation Key (the same, §7.3.4).
fn iak(signer: Public) -> Public {
    let attributes = Attributes::ATTESTATION | Attributes::USER_WITH_AUTH | Attributes::ADMIN_WITH_POLICY;
    let key = match signer.key {
        PublicKey::Rsa { symmetric, bits, exponent, .. } => {
            let (scheme, modulus) = (Scheme::Rsapss(HashAlg::Sha256), IAK_UNIQUE.to_vec());
            PublicKey::Rsa { symmetric, scheme, bits, exponent, modulus }
        }
        PublicKey::Ecc { symmetric, scheme, curve, kdf, .. } => {
            let (x, y) = (IAK_UNIQUE.to_vec(), IAK_UNIQUE.to_vec());
            PublicKey::Ecc { symmetric, scheme, curve, kdf, x, y }
        }
        other => other,
    };
    Public { attributes, auth_policy: IAK_POLICY.to_vec(), key, ..signer }
}

fn in_nv(tpm: &Tpm, index: Handle) -> Result<Public, Error> {
    let is_defined = tpm.nv_indexes()?.contains(&index);
    let template = is_defined.then(|| read_index(tpm, None, index)).flatten().and_then(|bytes| area(&bytes));
    template.ok_or_else(|| {
        Error::request(
            format!("no template of an attestation key is in the NV index {index}"),
            "only virtual machines of Google Cloud have it: choose another --template",
        )
    })
}
