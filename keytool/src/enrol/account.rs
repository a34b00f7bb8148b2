//! The key of the ACME account, in the TPM: P-256, or RSA on a TPM without that curve.

use std::path::Path;

use keyfile::{Curve, Handle, HashAlg, KeyFile, Kind, PublicKey, Signature};
use serde_json::{Value, json};
use tpm::template::{Template, Usage};
use tpm::{Parent, Tpm};

use super::jws::encode;
use crate::check::subject::Subject;
use crate::error::Error;
use crate::key_file;
use crate::key_password::Role;
use crate::opened;
use crate::output::{IfExists, Target};
use crate::signing::Signer;

/// Bytes of a coordinate of P-256.
const COORDINATE: usize = 32;

/// The opened key.
pub(super) struct Account {
    signer: Signer,
    /// The members of the JWK that its thumbprint contains, in lexical order (RFC 7638 §3.2).
    members: Vec<(&'static str, String)>,
    algorithm: &'static str,
}

impl Account {
    /// Opens the key in a file. If there is none, makes a key without a password, and writes the file.
    ///
    /// # Errors
    /// The file is no key file, the key is of another type, or the TPM refuses.
    pub(super) fn open(tpm: &Tpm, path: &Path, parent: Handle, prefix: Option<&str>) -> Result<Self, Error> {
        if !path.exists() {
            make(tpm, path, parent)?;
        }
        let subject = Subject::read(path, prefix)?;
        let key = opened::open(tpm, &subject, None, Role::ACCOUNT, |_| Ok(()))?;
        let public = key.public().key.clone();
        let signer = Signer::of(key, "the account key cannot sign messages")?;
        let (algorithm, members) = match &public {
            _ if signer.hash() != HashAlg::Sha256 => return Err(unfit(path)),
            PublicKey::Ecc { curve: Curve::P256, x, y, .. } => {
                let text = |number: &[u8]| encode(padded(number));
                let fixed = [("crv", "P-256".into()), ("kty", "EC".into())];
                ("ES256", fixed.into_iter().chain([("x", text(x)), ("y", text(y))]).collect())
            }
            PublicKey::Rsa { modulus, exponent, .. } => {
                let exponent = if *exponent == 0 { PublicKey::DEFAULT_EXPONENT } else { *exponent };
                let bytes = exponent.to_be_bytes();
                let start = bytes.iter().position(|byte| *byte != 0).unwrap_or_default();
                let exponent = encode(bytes.get(start..).unwrap_or_default());
                ("RS256", vec![("e", exponent), ("kty", "RSA".into()), ("n", encode(modulus))])
            }
            _ => return Err(unfit(path)),
        };
        Ok(Self { signer, members, algorithm })
    }

    /// Returns the algorithm of its signatures (RFC 7518 §3.1).
    pub(super) fn algorithm(&self) -> &'static str {
        self.algorithm
    }

    /// Returns the public key (RFC 7517).
    pub(super) fn jwk(&self) -> Value {
        self.members.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
    }

    /// Returns the thumbprint of the key (RFC 7638).
    pub(super) fn thumbprint(&self) -> String {
        let members: Vec<String> =
            self.members.iter().map(|(name, value)| format!(r#""{name}":"{value}""#)).collect();
        encode(HashAlg::Sha256.digest(&[format!("{{{}}}", members.join(",")).as_bytes()]))
    }

    /// Signs a message (RFC 7518 §3.3, §3.4).
    ///
    /// # Errors
    /// The TPM refuses.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(match self.signer.signature(message)? {
            Signature::Ecc { r, s, .. } => [padded(&r), padded(&s)].concat(),
            Signature::Rsa { bytes, .. } => bytes,
            Signature::Null | Signature::Hmac { .. } => Vec::new(),
        })
    }
}

/// Makes a key that signs, under the usual parent.
fn make(tpm: &Tpm, path: &Path, parent: Handle) -> Result<(), Error> {
    let target = Target::new(path, IfExists::Refuse)?;
    let capabilities = tpm.capabilities()?;
    let template = match capabilities.curves.contains(&Curve::P256) {
        true => Template::ecc(Curve::P256),
        false => Template::rsa(2048),
    };
    let parent = Parent::for_new_key(tpm, &capabilities, parent)?;
    let made = tpm.create(&parent, &template.usage(Usage::Sign).public(), None)?;
    let file = KeyFile::new(Kind::Loadable, parent.handle, made.public, made.private);
    let mut file = key_file::authorized(file, false, None);
    parent.storage.mark(&mut file);
    target.write(&file.to_file().map_err(Error::Encode)?)
}

/// Returns a coordinate with its leading zeros.
fn padded(number: &[u8]) -> Vec<u8> {
    [vec![0; COORDINATE.saturating_sub(number.len())], number.to_vec()].concat()
}

fn unfit(path: &Path) -> Error {
    Error::file(
        path,
        "an ACME account needs a key on P-256 or an RSA key, with SHA-256",
        "name a file that does not exist: the key is created",
    )
}
