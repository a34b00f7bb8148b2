//! What cannot be, said before the TPM is asked for it: the answer to a wrong wish lists the right ones.

use keyfile::{Attributes, Curve, Handle, Public, PublicKey};

use crate::error::{Error, ErrorKind};
use crate::objects::Parent;
use crate::rc::ResponseCode;
use crate::tpm::Capabilities;
use crate::tpm::Tpm;

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

impl Parent {
    /// The handle that a user names as a parent: a persistent one in hexadecimal, or a hierarchy by its name.
    ///
    /// # Errors
    /// It is no handle, or nothing can be made under it.
    pub fn handle_from(text: &str) -> Result<Handle, Error> {
        let wrong = |problem: String, advice| Err(Error::new(ErrorKind::Input, problem).advise(advice));
        match text.parse::<Handle>() {
            Ok(handle) if handle.is_persistent() || handle.is_hierarchy() => Ok(handle),
            Ok(handle) if handle.is_transient() => wrong(
                format!("{handle} is a transient handle, gone with the program that has it"),
                "make the key persistent (tpm2_evictcontrol), or name a hierarchy",
            ),
            Ok(handle) => wrong(
                format!("no key can be made under {handle}"),
                "name a persistent handle (81……), or owner, null, endorsement, platform",
            ),
            Err(error) => Err(Error::new(ErrorKind::Input, error.to_string())),
        }
    }

    /// The parent of a key to be: of a hierarchy the P-256 primary, or the RSA-2048 one where the TPM has no P-256.
    ///
    /// # Errors
    /// There is nothing at a persistent handle, or no parent; the advice lists what is there. Or there is no TPM.
    pub fn of_new_key(tpm: &Tpm, capabilities: &Capabilities, handle: Handle) -> Result<Self, Error> {
        if handle.is_persistent() {
            check_parent(tpm, capabilities, handle)?;
        }
        let rsa = handle.is_permanent() && !capabilities.curves.contains(&Curve::P256);
        Ok(Self { handle, rsa, auth: tpm.config().parent_auth.clone() })
    }
}

/// Whether it is the public area that the TPM did not like: some refuse RSA keys that sign and decrypt.
#[must_use]
pub fn refuses_both_uses(error: &Error) -> bool {
    let code = error.base_code();
    matches!(code, Some(ResponseCode::ATTRIBUTES | ResponseCode::SCHEME))
}

/// A curve as OpenSSL spells it, or as the TPM does.
#[must_use]
pub fn spelling(curve: Curve) -> String {
    curve.openssl_name().map_or_else(|| curve.to_string().to_lowercase(), str::to_owned)
}

fn check_parent(tpm: &Tpm, capabilities: &Capabilities, handle: Handle) -> Result<(), Error> {
    let wrong = |problem: String| {
        let advice = match capabilities.persistent.as_slice() {
            [] => "this TPM holds no persistent keys: name a hierarchy, such as owner".to_owned(),
            all => format!(
                "persistent keys of this TPM: {}; or name a hierarchy, such as owner",
                all.iter().map(Handle::to_string).collect::<Vec<_>>().join(", ")
            ),
        };
        Err(Error::new(ErrorKind::Input, problem).advise(advice))
    };
    if !capabilities.persistent.contains(&handle) {
        return wrong(format!("there is no key at {handle}"));
    }
    let (public, _) = tpm.read_public(handle)?;
    if !public.attributes.contains(Attributes::RESTRICTED | Attributes::DECRYPT) {
        return wrong(format!("the key at {handle} is no parent: it is {}", public.attributes));
    }
    // Such as an endorsement key of the low range (EK credential profile §B.3).
    match public.attributes.contains(Attributes::USER_WITH_AUTH) {
        true => Ok(()),
        false => wrong(format!(
            "the key at {handle} can be no parent here: only a policy, not its password, allows its use"
        )),
    }
}

fn lacks(what: String, has: impl Iterator<Item = impl ToString>) -> Error {
    let has: Vec<String> = has.map(|one| one.to_string()).collect();
    Error::new(ErrorKind::Unsupported, format!("this TPM has no {what}"))
        .advise(format!("it has {}", has.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Template;

    #[test]
    fn parents_are_persistent_handles_and_hierarchies() {
        for (text, handle) in [
            ("81000001", 0x8100_0001),
            ("0x8101ABCD", 0x8101_ABCD),
            ("owner", 0x4000_0001),
            ("null", 0x4000_0007),
            ("endorsement", 0x4000_000B),
            ("platform", 0x4000_000C),
            ("40000001", 0x4000_0001),
        ] {
            assert_eq!(Parent::handle_from(text).unwrap(), Handle(handle), "{text}");
        }
        for text in ["80000000", "01c00002", "lockout", "4000000a", "owners", "", "+81000001", "8100000100"] {
            assert!(Parent::handle_from(text).is_err(), "{text}");
        }
    }

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
        assert_eq!(text, "this TPM has no curve secp384r1; it has prime256v1, bn_p256");
        let text = check(Template::rsa(4096)).unwrap_err().to_string();
        assert_eq!(text, "this TPM has no RSA keys of 4096 bits; it has 1024, 2048");
        let text = check(Template::rsa(2048).name_alg(keyfile::HashAlg::Sha1)).unwrap_err().to_string();
        assert_eq!(text, "this TPM has no hash sha1; it has sha256");
    }
}
