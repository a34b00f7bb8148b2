//! Refuses what the TPM does not support before a command is sent. The advice lists what it supports.

use keyfile::{Curve, Public, PublicKey};

use super::Capabilities;
use crate::error::{Error, ErrorKind};
use crate::rc::{Part, ResponseCode};

impl Capabilities {
    /// Checks that the TPM supports a key with this public area.
    ///
    /// # Errors
    /// It does not; the advice lists what it supports.
    pub fn check(&self, public: &Public) -> Result<(), Error> {
        let scheme = public.key.scheme().and_then(|scheme| scheme.hash());
        for hash in [Some(public.name_alg), scheme].into_iter().flatten() {
            if !self.hashes.contains(&hash) {
                return Err(lacks(format!("hash {hash}"), self.hashes.iter()));
            }
        }
        match &public.key {
            PublicKey::Rsa { bits, .. } if !self.rsa_bits.contains(bits) => {
                Err(lacks(format!("RSA keys of {bits} bits"), self.rsa_bits.iter()))
            }
            PublicKey::Ecc { curve, .. } if !self.curves.contains(curve) => Err(lacks(
                format!("curve {}", curve_name(*curve)),
                self.curves.iter().copied().map(curve_name),
            )),
            _ => Ok(()),
        }
    }
}

/// Returns true if the TPM has refused the attributes of the public area: some TPMs refuse RSA keys that both sign and decrypt.
#[must_use]
pub fn refuses_sign_and_decrypt(error: &Error) -> bool {
    // The second parameter of TPM2_Create and of TPM2_Import. Some TPMs name no part of the command.
    let is_about_it =
        matches!(error.code().and_then(ResponseCode::part), Some(Part::Parameter(0 | 2) | Part::Handle(0)));
    is_about_it && matches!(error.base_code(), Some(ResponseCode::ATTRIBUTES | ResponseCode::SCHEME))
}

/// Returns OpenSSL's name of a curve. For SM2 and curves that OpenSSL lacks, returns the name in openssl_tpm2_engine, such as bnp256.
#[must_use]
pub fn curve_name(curve: Curve) -> String {
    match curve.openssl_name() {
        Some(name) if curve != Curve::Sm2P256 => name.to_owned(),
        Some(name) => name.to_lowercase(),
        None => curve.name().replace('_', "").to_lowercase(),
    }
}

fn lacks(what: String, has: impl Iterator<Item = impl ToString>) -> Error {
    let has: Vec<String> = has.map(|one| one.to_string()).collect();
    let advice = match has.is_empty() {
        true => "it supports none: use another type of key".to_owned(),
        false => format!("it has {}", has.join(", ")),
    };
    Error::new(ErrorKind::Unsupported, format!("this TPM has no {what}")).advise(advice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Template;

    #[test]
    fn an_unsupported_choice_lists_the_supported_ones() {
        let capabilities = Capabilities {
            hashes: vec![keyfile::HashAlg::Sha256],
            curves: vec![Curve::P256, Curve::BnP256],
            rsa_bits: vec![1024, 2048],
            ..Capabilities::default()
        };
        let check = |template: Template| capabilities.check(&template.public());
        check(Template::ecc(Curve::P256)).unwrap();
        check(Template::rsa(2048)).unwrap();
        let text = check(Template::ecc(Curve::P384)).unwrap_err().to_string();
        assert_eq!(text, "this TPM has no curve secp384r1; hint: it has prime256v1, bnp256");
        let text = check(Template::rsa(4096)).unwrap_err().to_string();
        assert_eq!(text, "this TPM has no RSA keys of 4096 bits; hint: it has 1024, 2048");
        let text = Capabilities { curves: Vec::new(), ..capabilities.clone() }
            .check(&Template::ecc(Curve::P256).public())
            .unwrap_err()
            .to_string();
        assert!(text.ends_with("use another type of key"), "{text}");
        let text = check(Template::rsa(2048).name_alg(keyfile::HashAlg::Sha1)).unwrap_err().to_string();
        assert_eq!(text, "this TPM has no hash sha1; hint: it has sha256");
    }
}
