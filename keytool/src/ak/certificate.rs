//! The certificate of an attestation key in the TPM: makers and clouds put it into NV.

use keyfile::{Handle, PublicKey};
use openssl::x509::X509;
use tpm::{Auth, Tpm};

use crate::attest::read_index;
use crate::certificates;
use crate::error::Error;
use crate::public_key;

/// The indexes of certificates: of TCG's Initial Attestation Keys, of Google's keys, of Azure's key at 0x81000003.
const INDEXES: [std::ops::RangeInclusive<u32>; 3] =
    [0x01c9_0000..=0x01c9_ffff, 0x01c1_0000..=0x01c1_0002, 0x01c1_01d0..=0x01c1_01d0];

/// Returns the certificate for this key, and its index.
///
/// # Errors
/// There is no TPM, or it fails.
pub(super) fn find(
    tpm: &Tpm,
    owner: Option<&Auth>,
    key: &PublicKey,
) -> Result<Option<(Handle, X509)>, Error> {
    let defined = tpm.nv_indexes()?;
    let known = defined.into_iter().filter(|index| INDEXES.iter().any(|range| range.contains(&index.0)));
    Ok(known.into_iter().find_map(|index| {
        let bytes = read_index(tpm, owner, index)?;
        let certificate = X509::from_der(certificates::of(&bytes).first()?).ok()?;
        let of_it = public_key::numbers(&*certificate.public_key().ok()?).ok()?;
        of_it.has_numbers_of(key).then_some((index, certificate))
    }))
}
