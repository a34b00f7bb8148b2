//! An EK certificate: DER, as it stands in an NV index or comes from a maker's server, or PEM. Only its public key counts here; who
//! issued it is checked with `openssl verify`.

use std::fs;
use std::path::Path;

use keyfile::{Curve, Kdf, PublicKey, Scheme, Symmetric};
use openssl::bn::BigNumContext;
use openssl::pkey::{Id, PKey, Public};
use openssl::x509::X509;

use crate::error::Error;
use crate::ffi;

/// No certificate is longer; what is, is something else.
const LONGEST: u64 = 1 << 16;

/// The public key of the certificate in a file, in a TPM's words.
///
/// # Errors
/// It is no certificate, or its key is none that a TPM could have.
pub(crate) fn public_key(path: &Path) -> Result<PublicKey, Error> {
    ffi::openssl::start_without_configuration();
    let size = fs::metadata(path).map_err(|source| Error::read(path, source))?.len();
    if size > LONGEST {
        return Err(unfit(path, "it is too long for one"));
    }
    let octets = fs::read(path).map_err(|source| Error::read(path, source))?;
    // What stands behind the DER is what fills up an NV index.
    let certificate = match octets.first() {
        Some(0x30) => X509::from_der(&octets),
        _ => X509::from_pem(&octets),
    };
    let certificate = certificate.map_err(|_| unfit(path, "it is neither DER nor PEM of one"))?;
    let key = certificate.public_key().map_err(|_| unfit(path, "OpenSSL cannot read its public key"))?;
    numbers(&key).ok().flatten().ok_or_else(|| {
        unfit(path, "its key is of a kind that no TPM has: neither RSA nor EC on a NIST curve")
    })
}

fn numbers(key: &PKey<Public>) -> Result<Option<PublicKey>, openssl::error::ErrorStack> {
    let (symmetric, scheme) = (Symmetric::Null, Scheme::Null);
    match key.id() {
        Id::RSA => {
            let rsa = key.rsa()?;
            let exponent = rsa
                .e()
                .to_vec()
                .iter()
                .try_fold(0_u32, |e, &octet| e.checked_mul(256).map(|e| e | u32::from(octet)));
            let bits = u16::try_from(rsa.n().num_bits()).ok();
            Ok(bits.zip(exponent).map(|(bits, exponent)| PublicKey::Rsa {
                symmetric,
                scheme,
                bits,
                exponent,
                modulus: rsa.n().to_vec(),
            }))
        }
        Id::EC => {
            let ec = key.ec_key()?;
            let name = ec.group().curve_name().map(|id| id.short_name()).transpose()?;
            let Some(curve) = name.and_then(|name| name.parse::<Curve>().ok()) else { return Ok(None) };
            let (mut context, mut x, mut y) = (BigNumContext::new()?, bn()?, bn()?);
            ec.public_key().affine_coordinates(ec.group(), &mut x, &mut y, &mut context)?;
            let size = i32::try_from(curve.field_octets()).unwrap_or(i32::MAX);
            let (x, y) = (x.to_vec_padded(size)?, y.to_vec_padded(size)?);
            Ok(Some(PublicKey::Ecc { symmetric, scheme, curve, kdf: Kdf::Null, x, y }))
        }
        _ => Ok(None),
    }
}

fn bn() -> Result<openssl::bn::BigNum, openssl::error::ErrorStack> {
    openssl::bn::BigNum::new()
}

fn unfit(path: &Path, problem: &str) -> Error {
    Error::request(
        format!("{} is no EK certificate that I can use: {problem}", path.display()),
        "most TPMs keep theirs in NV: `tpm2_getekcertificate -o rsa.der -o ecc.der` writes them; or ask the maker",
    )
}
