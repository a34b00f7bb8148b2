//! Options for a key that the TPM generates: OpenSSL's parameters and those of this provider.

use keyfile::{Handle, HashAlg, PcrSelection, PublicKey};
use tpm::{Auth, Parent};

use crate::config;
use crate::error::{Error, Reason, Result};
use crate::ffi::params::{IntOrText, Params, Password, Unsigned, settable};
use crate::key::Kind;

/// The list of one key type: OpenSSL's parameters and those of this provider.
///
/// The row for software keys has the same list, because libcrypto sets the template last, and it may be a TPM
/// key.
macro_rules! generation_list {
    ($list:ident: $($name:literal: $kind:ident,)*) => {
        static $list: Descriptors = Descriptors::new(&[
            $(Descriptor::new($name, Type::$kind),)*
            Descriptor::new(c"parent", Type::Text),
            Descriptor::new(c"parent-auth", Type::Bytes),
            Descriptor::new(c"parent-auth-source", Type::Text),
            Descriptor::new(c"user-auth", Type::Bytes),
            Descriptor::new(c"user-auth-source", Type::Text),
            Descriptor::new(c"pcr-lock", Type::Text),
            Descriptor::new(c"da", Type::Text),
            Descriptor::END,
        ]);
    };
}
pub(in crate::op::keymgmt) use generation_list;

settable! {
    /// The parameters that only keys in the TPM have.
    struct TpmParameters {
        parent: String = c"parent",
        parent_auth: Password = c"parent-auth",
        parent_auth_source: String = c"parent-auth-source",
        user_auth: Password = c"user-auth",
        user_auth_source: String = c"user-auth-source",
        pcr_lock: String = c"pcr-lock",
        da: IntOrText = c"da",
    }
}

settable! {
    /// EVP_PKEY-RSA(7), RSA key generation parameters.
    struct Rsa {
        bits: u32 = c"bits",
        primes: u32 = c"primes",
        exponent: Unsigned = c"e",
        digest: String = c"digest",
        mgf1_digest: String = c"mgf1-digest",
        salt: i32 = c"saltlen",
    }
}

/// Returns true if the array has a parameter for TPM keys. `digest` is one, except for RSA-PSS keys, which
/// have it in software too.
pub(super) fn has_tpm_option(kind: Kind, params: Params<'_>) -> bool {
    let digest = (kind != Kind::RsaPss).then_some(c"digest");
    TpmParameters::descriptors().names().into_iter().chain(digest).any(|name| params.find(name).is_some())
}

/// The options of any key type.
#[derive(Default)]
pub(super) struct Options {
    pub(super) parent: Option<Handle>,
    pub(super) parent_auth: Option<Auth>,
    pub(super) auth: Option<Auth>,
    pub(super) lock: Option<PcrSelection>,
    pub(super) da: bool,
}

impl Options {
    /// Reads an array. Options that it lacks keep their values.
    ///
    /// # Errors
    /// `Parameter`: a value is invalid.
    pub(super) fn read(&mut self, params: Params<'_>) -> Result<()> {
        let given = TpmParameters::read(params)?;
        if let Some(text) = given.parent {
            self.parent = Some(Parent::parse_handle(&text).map_err(|error| wrong("parent", error))?);
        }
        if let Some(auth) = password("parent-auth-source", given.parent_auth, given.parent_auth_source)? {
            self.parent_auth = Some(auth);
        }
        if let Some(auth) = password("user-auth-source", given.user_auth, given.user_auth_source)? {
            if auth.is_empty() {
                let hint = "leave it out for a key without password";
                return Err(Error::new(Reason::Parameter, "user-auth is empty").with_hint(hint));
            }
            self.auth = Some(auth);
        }
        if let Some(text) = given.pcr_lock {
            self.lock = Some(text.parse().map_err(|error| wrong("pcr-lock", error))?);
        }
        if let Some(da) = given.da {
            self.da = yes_or_no(&da)?;
        }
        Ok(())
    }
}

/// The options of an RSA key.
#[derive(Default)]
pub(super) struct RsaOptions {
    pub(super) bits: Option<u16>,
    pub(super) exponent: Option<u32>,
    pub(super) hash: Option<HashAlg>,
    mgf1: Option<HashAlg>,
    salt: Option<i32>,
}

impl RsaOptions {
    /// Reads an array. Options that it lacks keep their values.
    ///
    /// # Errors
    /// `Parameter`: no TPM generates such a key.
    pub(super) fn read(&mut self, params: Params<'_>) -> Result<()> {
        let given = Rsa::read(params)?;
        let never = |text: String| Err(Error::new(Reason::Parameter, text));
        if let Some(bits) = given.bits {
            let Ok(bits) = u16::try_from(bits) else {
                let text = format!("no TPM supports RSA keys of {bits} bits");
                return Err(Error::new(Reason::Parameter, text).with_hint("use 2048, 3072 or 4096"));
            };
            self.bits = Some(bits);
        }
        if let Some(primes) = given.primes.filter(|primes| *primes != 2) {
            return never(format!("no TPM generates RSA keys of {primes} primes: they always have two"));
        }
        if let Some(exponent) = given.exponent {
            let bytes = exponent.as_bytes();
            if bytes.len() > size_of::<u32>() {
                return never(
                    "the public exponent is longer than the 32 bits that a TPM supports".to_owned(),
                );
            }
            self.exponent = Some(bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)));
        }
        let hash = |name: String| name.parse().map_err(|error| wrong("digest", error));
        if let Some(name) = given.digest {
            self.hash = Some(hash(name)?);
        }
        if let Some(name) = given.mgf1_digest {
            self.mgf1 = Some(hash(name)?);
        }
        self.salt = given.salt.or(self.salt);
        Ok(())
    }

    /// The exponent for the public area.
    pub(super) fn exponent(&self) -> u32 {
        self.exponent.unwrap_or(PublicKey::DEFAULT_EXPONENT)
    }

    /// The hash of a key that is restricted to PSS. The TPM uses it for message and mask (TPM 2.0 Part 1,
    /// B.7). Missing options are taken from the template.
    ///
    /// # Errors
    /// `Parameter`: a TPM cannot keep the restrictions.
    pub(super) fn pss_hash(&self, template: Option<HashAlg>) -> Result<HashAlg> {
        let hash = self.hash.or(self.mgf1).or(template).unwrap_or(HashAlg::Sha256);
        if self.mgf1.is_some_and(|mgf1| mgf1 != hash) {
            let text = "a TPM uses the digest of the signature for MGF1 as well";
            return Err(Error::new(Reason::Parameter, text)
                .with_hint(format!("leave mgf1-digest out, or set it to {hash}")));
        }
        // The TPM's salt is as long as the digest or the longest that fits. OpenSSL's restriction is the
        // minimum length.
        let size = i32::try_from(hash.size()).unwrap_or(i32::MAX);
        match self.salt {
            Some(salt) if salt > size => {
                let text = format!("a TPM cannot guarantee a salt of {salt} bytes");
                Err(Error::new(Reason::Parameter, text)
                    .with_hint(format!("leave saltlen out, or set it to at most {size}")))
            }
            _ => Ok(hash),
        }
    }
}

/// A password itself, or the first line of a file: a command's arguments are visible in the process list.
fn password(name: &str, given: Option<Password>, source: Option<String>) -> Result<Option<Auth>> {
    match (given, source) {
        (Some(given), _) => Ok(Some(Auth::new(given.as_bytes()))),
        (None, Some(source)) => config::password_from(name, &source).map(|bytes| Some(Auth::new(bytes))),
        (None, None) => Ok(None),
    }
}

fn yes_or_no(value: &IntOrText) -> Result<bool> {
    match value {
        IntOrText::Int(number) => Ok(*number != 0),
        IntOrText::Text(text) => match text.to_ascii_lowercase().as_str() {
            "1" | "yes" | "on" | "true" => Ok(true),
            "0" | "no" | "off" | "false" => Ok(false),
            _ => Err(Error::new(Reason::Parameter, format!("da has the value {text:?}"))
                .with_hint("use yes or no")),
        },
    }
}

fn wrong(name: &str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Reason::Parameter, name).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::params::ParamList;

    fn given(fill: impl FnOnce(&mut ParamList) -> &mut ParamList) -> Result<Options> {
        let mut list = ParamList::new();
        fill(&mut list);
        let mut options = Options::default();
        options.read(list.as_params())?;
        Ok(options)
    }

    fn rsa(fill: impl FnOnce(&mut ParamList) -> &mut ParamList) -> Result<RsaOptions> {
        let mut list = ParamList::new();
        fill(&mut list);
        let mut options = RsaOptions::default();
        options.read(list.as_params())?;
        Ok(options)
    }

    #[test]
    fn passwords_can_be_bytes_or_text() {
        let bytes = given(|list| list.bytes(c"user-auth", b"a\0b")).unwrap().auth.unwrap();
        assert_eq!(*bytes.as_hierarchy_value(), b"a\0b");
        let text = given(|list| list.text(c"parent-auth", "word")).unwrap().parent_auth.unwrap();
        assert_eq!(*text.as_hierarchy_value(), b"word");
        let empty = given(|list| list.text(c"user-auth", "")).err().unwrap().to_string();
        assert!(empty.contains("leave it out"), "{empty}");
    }

    #[test]
    fn wrong_values_are_named_in_the_error() {
        for (name, value, text) in [
            (c"parent", "80000000", "transient"),
            (c"parent", "srk", "parent"),
            (c"pcr-lock", "sha256:x", "pcr-lock"),
            (c"da", "perhaps", "use yes or no"),
        ] {
            let error = given(|list| list.text(name, value)).err().unwrap().to_string();
            assert!(error.contains(text), "{error}");
        }
        assert!(given(|list| list.text(c"da", "Yes")).unwrap().da);
        assert!(given(|list| list.int(c"da", 1)).unwrap().da);
    }

    #[test]
    fn rsa_options_that_no_tpm_supports_are_refused() {
        assert_eq!(rsa(|list| list.unsigned(c"bits", &[0x08, 0x00])).unwrap().bits, Some(2048));
        assert_eq!(rsa(|list| list.unsigned(c"e", &[1, 0, 1])).unwrap().exponent(), 65537);
        rsa(|list| list.unsigned(c"primes", &[2])).unwrap();
        for (name, value) in [(c"bits", &[1_u8, 0, 0][..]), (c"primes", &[3]), (c"e", &[1, 0, 0, 0, 1])] {
            assert!(rsa(|list| list.unsigned(name, value)).is_err(), "{name:?}");
        }
    }

    #[test]
    fn pss_restrictions_that_no_tpm_keeps_are_refused() {
        let hash = |digest: &str, mgf1: &str, salt| {
            let filled =
                rsa(|list| list.text(c"digest", digest).text(c"mgf1-digest", mgf1).int(c"saltlen", salt));
            filled.and_then(|options| options.pss_hash(Some(HashAlg::Sha1)))
        };
        assert_eq!(hash("SHA2-384", "sha384", 48).unwrap(), HashAlg::Sha384);
        assert_eq!(RsaOptions::default().pss_hash(None).unwrap(), HashAlg::Sha256);
        assert_eq!(RsaOptions::default().pss_hash(Some(HashAlg::Sha384)).unwrap(), HashAlg::Sha384);
        assert!(hash("SHA256", "SHA1", 20).is_err());
        assert!(hash("SHA256", "SHA256", 33).is_err());
        assert!(hash("MD5", "MD5", 16).is_err());
    }
}
