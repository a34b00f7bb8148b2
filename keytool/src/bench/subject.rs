//! The keys that are measured. OpenSSL makes them, and they are imported under the null hierarchy: the TPM need not search for primes, no
//! password is needed, and nothing is left at a restart. A TPM uses an imported key as fast as one of its own.

use std::fmt;

use keyfile::{Curve, Handle, KeyFile, Kind, PublicKey};
use openssl::bn::BigNum;
use openssl::encrypt::Encrypter;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::{Padding, Rsa};
use tpm::template::{Storage, Template, Usage};
use tpm::{Key, Parent, Tpm, refuses_sign_and_decrypt};

use crate::create::private_key::PrivateKey;
use crate::create::software_key;
use crate::error::Error;
use crate::key_file;

/// A type of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyType {
    P256,
    P384,
    Rsa2048,
    Rsa3072,
}

impl KeyType {
    /// Returns the template with the type and the size, for the check that the TPM supports them.
    pub(super) fn template(self) -> Template {
        match self {
            Self::P256 => Template::ecc(Curve::P256),
            Self::P384 => Template::ecc(Curve::P384),
            Self::Rsa2048 => Template::rsa(2048),
            Self::Rsa3072 => Template::rsa(3072),
        }
    }

    /// Makes such a key in software.
    ///
    /// # Errors
    /// OpenSSL cannot make it.
    pub(super) fn make(self) -> Result<PrivateKey, Error> {
        match self {
            Self::P256 => software_key::ec(Curve::P256),
            Self::P384 => software_key::ec(Curve::P384),
            Self::Rsa2048 => software_key::rsa(2048),
            Self::Rsa3072 => software_key::rsa(3072),
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::Rsa2048 => "RSA-2048",
            Self::Rsa3072 => "RSA-3072",
        })
    }
}

/// A key that the TPM can load.
pub(super) struct Subject {
    pub(super) of: KeyType,
    pub(super) file: KeyFile,
    pub(super) key: Key,
    /// A message, encrypted to the RSA key by OAEP with SHA-256. Empty for an EC key.
    pub(super) ciphertext: Vec<u8>,
}

impl Subject {
    /// Wraps a private key under the null hierarchy, and loads it.
    ///
    /// # Errors
    /// The TPM refuses the key, or there is no TPM.
    pub(super) fn load(tpm: &Tpm, storage: Storage, of: KeyType, private: PrivateKey) -> Result<Self, Error> {
        let parent = Parent { handle: Handle::NULL, storage, auth: None };
        let (area, _) = tpm.parent_public(&parent)?;
        let template = private.template();
        let sensitive = private.sensitive();
        let load = |usage| {
            let public = template.clone().usage(usage).public();
            let duplicate = tpm::wrap(&area, &public, &sensitive).map_err(Error::Wrap)?;
            let file = KeyFile::new(Kind::Importable, parent.handle, public, duplicate.duplicate);
            let mut file = key_file::authorized(file, false, None);
            file.secret = Some(duplicate.secret);
            storage.mark(&mut file);
            let key = Key::from_file(tpm, file.clone(), None)?;
            key.load()?;
            Ok((file, key))
        };
        let loaded = load(Usage::SignDecrypt);
        let (file, key) = match loaded {
            Err(Error::Tpm(error)) if refuses_sign_and_decrypt(&error) => load(Usage::Decrypt),
            loaded => loaded,
        }?;
        let ciphertext = ciphertext(&file.public.key).map_err(|stack| {
            Error::request(format!("OpenSSL cannot encrypt: {stack}"), "check the installation of OpenSSL")
        })?;
        Ok(Self { of, file, key, ciphertext })
    }
}

fn ciphertext(key: &PublicKey) -> Result<Vec<u8>, ErrorStack> {
    let PublicKey::Rsa { modulus, .. } = key else { return Ok(Vec::new()) };
    let exponent = BigNum::from_u32(PublicKey::DEFAULT_EXPONENT)?;
    let key = PKey::from_rsa(Rsa::from_public_components(BigNum::from_slice(modulus)?, exponent)?)?;
    let mut encrypter = Encrypter::new(&key)?;
    encrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
    encrypter.set_rsa_oaep_md(MessageDigest::sha256())?;
    encrypter.set_rsa_mgf1_md(MessageDigest::sha256())?;
    let mut ciphertext = vec![0; key.size()];
    let size = encrypter.encrypt(b"a message", &mut ciphertext)?;
    ciphertext.truncate(size);
    Ok(ciphertext)
}
