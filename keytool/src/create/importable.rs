//! Makes an importable key: it is encrypted in software for a parent of which only the public key is known.

use keyfile::{Curve, KeyFile, Kind};
use openssl::asn1::Asn1Object;
use openssl::ec::{EcGroup, EcKey};
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use tpm::Tpm;
use tpm::template::Storage;

use super::order::{Order, Wanted};
use super::private_key::{PrivateKey, Unfit};
use crate::error::Error;
use crate::parent::ParentArea;
use crate::policy::Plan;

/// The RSA sizes that TPMs support. Whether a TPM supports one of them is known only when it imports the key.
const RSA_SIZES: [u16; 4] = [1024, 2048, 3072, 4096];

/// Returns the private key: the given one, or a new one made in software.
///
/// # Errors
/// No TPM supports such a key, or OpenSSL cannot make it.
pub(super) fn private_key(wanted: Wanted) -> Result<PrivateKey, Error> {
    let given = match wanted {
        Wanted::Given(key) => key,
        Wanted::Rsa(bits) => rsa(bits)?,
        Wanted::Ecc(curve) => ec(curve)?,
    };
    if let PrivateKey::Rsa { modulus, .. } = &given {
        check_size(modulus.len().saturating_mul(8))?;
    }
    Ok(given)
}

/// Wraps the private key and makes its key file. The TPM is used only if the policy needs it.
///
/// # Errors
/// The parent's public key is not suitable, or the policy cannot be made.
pub(super) fn make(
    tpm: &Tpm,
    order: &Order,
    given: PrivateKey,
    parent: &ParentArea,
    plan: Option<Plan>,
) -> Result<KeyFile, Error> {
    let policy = plan.map(|plan| plan.statements(tpm, order.name_hash())).transpose()?;
    let (template, sensitive) = order.areas(given);
    let public = order.template(template, policy.as_ref()).public();
    let duplicate = tpm::wrap(&parent.public, &public, &sensitive).map_err(Error::Wrap)?;
    let mut key = order.file(Kind::Importable, public, duplicate.duplicate, policy);
    key.secret = Some(duplicate.secret);
    Storage::standard(parent.rsa).mark(&mut key);
    Ok(key)
}

fn rsa(bits: u16) -> Result<PrivateKey, Error> {
    check_size(usize::from(bits))?;
    let made = Rsa::generate(u32::from(bits)).and_then(PKey::from_rsa);
    made.map_err(Unfit::from).and_then(|key| PrivateKey::of(&key)).map_err(unfit)
}

fn ec(curve: Curve) -> Result<PrivateKey, Error> {
    let Some(name) = curve.openssl_name() else {
        return Err(Error::request(
            format!("cannot make a key on {curve} in software: OpenSSL does not know the curve"),
            "use prime256v1, secp384r1 or secp521r1, or let the TPM make the key (without -i)",
        ));
    };
    let group = Asn1Object::from_str(name).and_then(|name| EcGroup::from_curve_name(name.nid()));
    let made = group.and_then(|group| EcKey::generate(&group)).and_then(PKey::from_ec_key);
    made.map_err(Unfit::from).and_then(|key| PrivateKey::of(&key)).map_err(unfit)
}

fn check_size(bits: usize) -> Result<(), Error> {
    match RSA_SIZES.iter().any(|&size| usize::from(size) == bits) {
        true => Ok(()),
        false => {
            let sizes = RSA_SIZES.map(|bits| bits.to_string()).join(", ");
            Err(Error::request(
                format!("no TPM supports RSA keys of {bits} bits"),
                format!("use one of the sizes that TPMs support: {sizes}"),
            ))
        }
    }
}

fn unfit(unfit: Unfit) -> Error {
    match unfit {
        Unfit::Key(problem, advice) => {
            Error::request(format!("OpenSSL made an unsuitable key: {problem}"), advice)
        }
        Unfit::OpenSsl(stack) => Error::request(
            format!("OpenSSL cannot make the key: {stack}"),
            "check the installation of OpenSSL",
        ),
    }
}
