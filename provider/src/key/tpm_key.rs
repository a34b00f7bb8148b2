//! A TPM key: its public area, its source, and its public half in software.

use std::sync::{Arc, OnceLock};

use keyfile::{Attributes, Curve, HashAlg, KeyFile, Public, PublicKey, Scheme};
use operations::Memory;
use tpm::Auth;

use super::Kind;
use super::origin::{AtHandle, KeyAuth, Origin, Source};
use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::{Pkey, Restrictions};
use crate::private::{InTpm, no_private_half};
use crate::provider::Provider;

/// A TPM key, or only its public half.
pub(crate) struct TpmKey {
    public: Arc<Public>,
    origin: Option<Arc<Origin>>,
    /// Created when software needs it.
    software: OnceLock<Pkey>,
    /// What operations remember of the key. Copies of the key share it.
    memory: Arc<Memory>,
    /// The digest that the caller of the generation chose for signatures.
    digest: Option<HashAlg>,
}

impl TpmKey {
    /// Creates a key from a key file. The TPM gets no command before the first private operation.
    pub(crate) fn from_file(file: KeyFile, auth: Option<Auth>) -> TpmKey {
        let public = file.public.clone();
        TpmKey::new(public, Some(Origin::new(Source::File(Box::new(file)), KeyAuth::Known(auth))))
    }

    /// Creates a key at a handle.
    pub(crate) fn from_handle(at: AtHandle, auth: KeyAuth) -> TpmKey {
        let public = at.reference.public.clone();
        TpmKey::new(public, Some(Origin::new(Source::AtHandle(Box::new(at)), auth)))
    }

    /// Creates a key at a handle that was just read from the TPM.
    pub(crate) fn from_handle_in_use(at: AtHandle, auth: Option<Auth>, key: tpm::Key) -> TpmKey {
        let public = at.reference.public.clone();
        TpmKey::new(public, Some(Origin::in_use(Source::AtHandle(Box::new(at)), KeyAuth::Known(auth), key)))
    }

    /// Creates a key that the TPM has just created, with its file.
    pub(crate) fn in_use(file: KeyFile, auth: Option<Auth>, key: tpm::Key) -> TpmKey {
        let public = file.public.clone();
        TpmKey::new(public, Some(Origin::in_use(Source::File(Box::new(file)), KeyAuth::Known(auth), key)))
    }

    /// Creates a key with only the public half.
    pub(crate) fn public_only(public: Public) -> TpmKey {
        TpmKey::new(public, None)
    }

    fn new(public: Public, origin: Option<Origin>) -> TpmKey {
        TpmKey {
            public: Arc::new(public),
            origin: origin.map(Arc::new),
            software: OnceLock::new(),
            memory: Arc::default(),
            digest: None,
        }
    }

    /// Sets the digest to sign with if the key's scheme names none.
    pub(crate) fn signing_with(self, digest: Option<HashAlg>) -> TpmKey {
        TpmKey { digest, ..self }
    }

    /// The key file; `None` for a key at a handle and for a public half.
    pub(crate) fn file(&self) -> Option<&KeyFile> {
        match &self.origin.as_ref()?.source {
            Source::File(file) => Some(file),
            Source::AtHandle(_) => None,
        }
    }

    /// The handle and the reference of a key at a handle; `None` for others.
    pub(crate) fn at_handle(&self) -> Option<&AtHandle> {
        match &self.origin.as_ref()?.source {
            Source::File(_) => None,
            Source::AtHandle(at) => Some(at),
        }
    }

    /// The TPM's public area.
    pub(crate) fn public(&self) -> &Public {
        &self.public
    }

    /// Returns true if the key is more than a public half.
    pub(crate) fn has_private(&self) -> bool {
        self.origin.is_some()
    }

    /// Verifies a password that was given, as `Origin::open` does when the private half is opened.
    ///
    /// # Errors
    /// As `Origin::open`.
    pub(crate) fn opened(self, provider: &Provider) -> Result<TpmKey> {
        if let Some(origin) = &self.origin {
            origin.open(provider)?;
        }
        Ok(self)
    }

    /// Returns the key in the TPM.
    ///
    /// # Errors
    /// `NoKey`: this is a public half. `Configuration`: a setting is unknown.
    pub(crate) fn private<'a>(&'a self, provider: &'a Provider) -> Result<InTpm<'a>> {
        let origin = self.origin.as_ref().ok_or_else(no_private_half)?;
        Ok(InTpm::new(origin.key(provider)?, provider.jobs()?))
    }

    /// Returns the public half as an EVP_PKEY of the private context.
    pub(super) fn software(&self, kind: Kind, provider: &Provider) -> Result<&Pkey> {
        if let Some(pkey) = self.software.get() {
            return Ok(pkey);
        }
        let context = provider.software()?;
        let pkey = match &self.public.key {
            PublicKey::Rsa { exponent, modulus, scheme, .. } => {
                let exponent = if *exponent == 0 { PublicKey::DEFAULT_EXPONENT } else { *exponent };
                let pss = restrictions(*scheme, modulus.len());
                Pkey::public_rsa(context, kind.algorithm(), modulus, &exponent.to_be_bytes(), pss)
            }
            PublicKey::Ecc { curve: Curve::Sm2P256, .. } => return Err(no_sm2()),
            PublicKey::Ecc { curve, x, y, .. } => {
                let group = curve.openssl_name().ok_or_else(|| {
                    let text = format!("OpenSSL does not know the curve {} of this key", curve.name());
                    Error::new(Reason::Unsupported, text)
                })?;
                Pkey::public_ec(context, group, &uncompressed_point(curve.field_bytes(), x, y))
            }
            PublicKey::KeyedHash { .. } | PublicKey::SymCipher { .. } => {
                return Err(Error::new(Reason::WrongKey, "the object has no public half"));
            }
        }
        .map_err(|refused| {
            Error::new(Reason::Software, "OpenSSL does not accept the public half of the key")
                .with_source(refused)
        })?;
        Ok(self.software.get_or_init(|| pkey))
    }

    /// As `Key::memory`.
    pub(super) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Returns true if both keys have the same public numbers. Their attributes may differ.
    pub(super) fn same_public_key(&self, other: &TpmKey) -> bool {
        self.public.key == other.public.key
    }

    /// As `Key::default_digest`.
    pub(super) fn default_digest(&self) -> Option<&'static str> {
        self.scheme_digest().or(self.digest.map(HashAlg::name))
    }

    fn scheme_digest(&self) -> Option<&'static str> {
        match self.public.key.scheme()? {
            Scheme::Rsassa(hash) | Scheme::Rsapss(hash) | Scheme::Ecdsa(hash) => Some(hash.name()),
            _ => None,
        }
    }

    /// As `Key::mandatory_digest`.
    pub(super) fn mandatory_digest(&self) -> Option<&'static str> {
        // ECDSA accepts every digest that fits the hash, and truncates it to the order of the curve (SEC 1
        // §4.1.3).
        if let PublicKey::Ecc { curve, scheme, .. } = &self.public.key {
            let restricted = self.public.attributes.contains(Attributes::RESTRICTED);
            let fits = |hash: HashAlg| hash.size() >= curve.field_bytes().min(HashAlg::Sha512.size());
            if !restricted && scheme.hash().is_some_and(fits) {
                return None;
            }
        }
        self.scheme_digest()
    }

    /// Copies the key. The copy has its own software half, because libcrypto may set parameters on it.
    pub(super) fn duplicate(&self, private: bool) -> Result<TpmKey> {
        let software = match self.software.get() {
            Some(pkey) => OnceLock::from(pkey.duplicate()?),
            None => OnceLock::new(),
        };
        let origin = self.origin.as_ref().filter(|_| private).map(Arc::clone);
        Ok(TpmKey {
            public: Arc::clone(&self.public),
            origin,
            software,
            memory: Arc::clone(&self.memory),
            digest: self.digest,
        })
    }
}

/// Returns the restrictions that a fixed PSS scheme puts on a key. The shortest salt is as long as the digest, or
/// as long as the modulus allows. A TPM that follows FIPS 186-4 uses this length (TPM 2.0 Part 1 Annex B.7). Other
/// TPMs use a longer salt, which the restriction permits.
fn restrictions(scheme: Scheme, modulus: usize) -> Option<Restrictions> {
    let Scheme::Rsapss(hash) = scheme else { return None };
    // RFC 8017 §9.1.1: the salt, the digest and two bytes fill the block.
    let salt = hash.size().min(modulus.saturating_sub(hash.size() + 2));
    Some(Restrictions { digest: hash.name(), salt: i32::try_from(salt).ok()? })
}

/// Encodes a point (SEC 1 §2.3.3). The TPM may leave out leading zeros.
fn uncompressed_point(field_bytes: usize, x: &[u8], y: &[u8]) -> Vec<u8> {
    let mut point = vec![4];
    for coordinate in [x, y] {
        point.resize(point.len() + field_bytes.saturating_sub(coordinate.len()), 0);
        point.extend_from_slice(coordinate);
    }
    point
}

/// The error for an SM2 key: OpenSSL does not accept keys on this curve as type EC.
pub(crate) fn no_sm2() -> Error {
    let text =
        "SM2 keys are not supported: OpenSSL has a separate key type for them, which this provider lacks";
    Error::new(Reason::Unsupported, text).with_hint("use P-256")
}

#[cfg(test)]
mod tests {
    use keyfile::Curve;
    use tpm::template::Template;

    use super::*;

    #[test]
    fn a_digest_is_mandatory_if_the_tpm_signs_no_other() {
        let rsa = |scheme| Template::rsa(2048).scheme(scheme);
        let ec = |curve, scheme| Template::ecc(curve).scheme(scheme);
        for (template, default, mandatory) in [
            (rsa(Scheme::Null), None, None),
            (rsa(Scheme::Oaep(HashAlg::Sha384)), None, None),
            (rsa(Scheme::Rsassa(HashAlg::Sha384)), Some("SHA384"), Some("SHA384")),
            (rsa(Scheme::Rsapss(HashAlg::Sha256)), Some("SHA256"), Some("SHA256")),
            (ec(Curve::P256, Scheme::Null), None, None),
            (ec(Curve::P256, Scheme::Ecdh(HashAlg::Sha256)), None, None),
            (ec(Curve::P256, Scheme::Ecdsa(HashAlg::Sha384)), Some("SHA384"), None),
            (ec(Curve::P256, Scheme::Ecdsa(HashAlg::Sha256)), Some("SHA256"), None),
            (ec(Curve::P521, Scheme::Ecdsa(HashAlg::Sha512)), Some("SHA512"), None),
            // SHA-384 digests would be cut to 48 bytes, which do not fit SHA-256.
            (ec(Curve::P384, Scheme::Ecdsa(HashAlg::Sha256)), Some("SHA256"), Some("SHA256")),
        ] {
            let mut public = template.public();
            let key = TpmKey::public_only(public.clone());
            let upper = |name: Option<&str>| name.map(str::to_uppercase);
            assert_eq!(upper(key.default_digest()).as_deref(), default, "{:?}", public.key.scheme());
            assert_eq!(upper(key.mandatory_digest()).as_deref(), mandatory, "{:?}", public.key.scheme());
            public.attributes = public.attributes.union(Attributes::RESTRICTED);
            let restricted = TpmKey::public_only(public).mandatory_digest();
            assert_eq!(upper(restricted).as_deref(), default);
        }
    }

    #[test]
    fn a_salt_is_as_long_as_digest_and_modulus_allow() {
        let restricted = |hash, modulus| restrictions(Scheme::Rsapss(hash), modulus);
        let expected = |digest, salt| Some(Restrictions { digest, salt });
        assert_eq!(restricted(HashAlg::Sha256, 256), expected("sha256", 32));
        assert_eq!(restricted(HashAlg::Sha512, 128), expected("sha512", 62));
        assert_eq!(restrictions(Scheme::Rsassa(HashAlg::Sha256), 256), None);
    }

    #[test]
    fn coordinates_get_their_leading_zeros_back() {
        assert_eq!(uncompressed_point(3, &[1], &[1, 2, 3]), [4, 0, 0, 1, 1, 2, 3]);
    }
}
