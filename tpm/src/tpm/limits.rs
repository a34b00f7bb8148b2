//! What cannot be, said before the TPM is asked for it: the answer to a wrong wish lists the right ones.

use keyfile::{Curve, Public, PublicKey};

use super::Capabilities;
use crate::error::{Error, ErrorKind};
use crate::rc::{Place, ResponseCode};

impl Capabilities {
    /// Looks whether the TPM can hold a key of this public area.
    ///
    /// # Errors
    /// It cannot; the advice lists what it has.
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
            PublicKey::Ecc { curve, .. } if !self.curves.contains(curve) => {
                Err(lacks(format!("curve {}", spelling(*curve)), self.curves.iter().copied().map(spelling)))
            }
            _ => Ok(()),
        }
    }
}

/// Whether it is the public area that the TPM did not like: some refuse RSA keys that sign and decrypt.
#[must_use]
pub fn refuses_both_uses(error: &Error) -> bool {
    // The second parameter of TPM2_Create and of TPM2_Import; some name no part of the command.
    let is_about_it = matches!(
        error.code().and_then(ResponseCode::place),
        Some(Place::Parameter(0 | 2) | Place::Handle(0))
    );
    is_about_it && matches!(error.base_code(), Some(ResponseCode::ATTRIBUTES | ResponseCode::SCHEME))
}

/// A curve as OpenSSL spells it; those that it lacks, and SM2, as openssl_tpm2_engine does: bnp256.
#[must_use]
pub fn spelling(curve: Curve) -> String {
    match curve.openssl_name() {
        Some(name) if curve != Curve::Sm2P256 => name.to_owned(),
        Some(name) => name.to_lowercase(),
        None => curve.name().replace('_', "").to_lowercase(),
    }
}

fn lacks(what: String, has: impl Iterator<Item = impl ToString>) -> Error {
    let has: Vec<String> = has.map(|one| one.to_string()).collect();
    let advice = match has.is_empty() {
        true => "it has nothing of this kind: use another type of key".to_owned(),
        false => format!("it has {}", has.join(", ")),
    };
    Error::new(ErrorKind::Unsupported, format!("this TPM has no {what}")).advise(advice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Template;

    #[test]
    fn what_the_tpm_lacks_is_answered_with_what_it_has() {
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
        assert_eq!(text, "this TPM has no RSA keys of 4096 bits; it has 1024, 2048");
        let text = Capabilities { curves: Vec::new(), ..capabilities.clone() }
            .check(&Template::ecc(Curve::P256).public())
            .unwrap_err()
            .to_string();
        assert!(text.ends_with("use another type of key"), "{text}");
        let text = check(Template::rsa(2048).name_alg(keyfile::HashAlg::Sha1)).unwrap_err().to_string();
        assert_eq!(text, "this TPM has no hash sha1; it has sha256");
    }
}
