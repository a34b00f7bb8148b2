//! Makes new private keys in software, with OpenSSL.

use keyfile::Curve;
use openssl::asn1::Asn1Object;
use openssl::ec::{EcGroup, EcKey};
use openssl::pkey::PKey;
use openssl::rsa::Rsa;

use super::private_key::{PrivateKey, Unfit};
use crate::error::Error;

/// Makes an RSA key of this size.
///
/// # Errors
/// OpenSSL cannot make it.
pub(crate) fn rsa(bits: u16) -> Result<PrivateKey, Error> {
    let made = Rsa::generate(u32::from(bits)).and_then(PKey::from_rsa);
    made.map_err(Unfit::from).and_then(|key| PrivateKey::of(&key)).map_err(unfit)
}

/// Makes an EC key on this curve.
///
/// # Errors
/// OpenSSL does not know the curve, or cannot make the key.
pub(crate) fn ec(curve: Curve) -> Result<PrivateKey, Error> {
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
