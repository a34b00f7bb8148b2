//! Decryption with an RSA key in the TPM: one TPM2_RSA_Decrypt with scheme NULL, the padding is taken off here.
//!
//! Taking it off is constant-time (`missing`), and what is wrong with a padding shows nowhere: a PKCS#1 v1.5 block gives a
//! synthetic message instead of an error (implicit rejection), TLS a random premaster secret, OAEP one error for everything.

use keyfile::{Attributes, PublicKey, Scheme};
use missing::oaep::Oaep;
use missing::pkcs1::rejection::{self, Secret};
use missing::pkcs1::{encryption, tls};
use zeroize::Zeroizing;

use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::{Digest, Operation, Options, Pkey, Purpose, quietly, random};
use crate::ffi::params::ParamList;
use crate::key::Key;
use crate::private::Private;

/// RSA_PKCS1_PADDING and its siblings of openssl/rsa.h.
const PKCS1: i32 = 1;
const NONE: i32 = 3;
const OAEP: i32 = 4;
const TLS: i32 = 7;

/// A padding of an encrypted message.
pub(super) enum Padding {
    /// PKCS#1 v1.5 (RFC 8017 §7.2); with a synthetic message for a wrong one, or an error.
    Pkcs1 { implicit_rejection: bool },
    /// OAEP (RFC 8017 §7.1).
    Oaep { digest: Digest, mgf1: Digest, label: Vec<u8> },
    /// None: the block is the message.
    None,
    /// The premaster secret of TLS 1.2 and earlier (RFC 5246 §7.4.7.1).
    Tls { client: u16, negotiated: Option<u16> },
}

impl Padding {
    /// Reads it from the options of an encryption.
    ///
    /// # Errors
    /// It is unknown, or a parameter lacks.
    pub(super) fn read(public: &Pkey, options: &mut Options<'_>, implicit_rejection: bool) -> Result<Self> {
        match options.int(c"pad-mode") {
            Some(PKCS1) => Ok(Self::Pkcs1 { implicit_rejection }),
            Some(NONE) => Ok(Self::None),
            Some(OAEP) => {
                let fetch = |name: &str| Digest::fetch(public.context(), name);
                let digest = fetch(options.text(c"digest").as_deref().unwrap_or("SHA1"))?;
                let mgf1 =
                    options.text(c"mgf1-digest").map_or_else(|| Ok(digest.clone()), |name| fetch(&name))?;
                Ok(Self::Oaep { digest, mgf1, label: options.octets(c"oaep-label").unwrap_or_default() })
            }
            Some(TLS) => {
                let version =
                    |number: Option<u32>| number.and_then(|n| u16::try_from(n).ok()).filter(|n| *n != 0);
                let client = version(options.uint(c"tls-client-version"));
                let client = client.ok_or_else(|| {
                    Error::new(
                        Reason::Parameter,
                        "a premaster secret needs the client's version (tls-client-version)",
                    )
                })?;
                Ok(Self::Tls { client, negotiated: version(options.uint(c"tls-negotiated-version")) })
            }
            other => {
                let text = format!(
                    "the padding number {other:?} is not for decryption: ask for pkcs1, oaep or none"
                );
                Err(Error::new(Reason::Padding, text))
            }
        }
    }

    /// The longest message, which depends on nothing secret.
    pub(super) fn longest(&self, public: &Pkey) -> usize {
        match self {
            Self::Tls { .. } => tls::PREMASTER,
            _ => public.size(),
        }
    }

    /// Decrypts.
    ///
    /// # Errors
    /// The ciphertext is none of this key, or the TPM refuses; of the padding nothing but OAEP's one error.
    pub(super) fn decrypt(&self, key: &Key, public: &Pkey, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let private = key.private()?;
        let block = whole(private, ciphertext)?;
        let secret = match self {
            // Before any padding is looked at.
            Self::Pkcs1 { implicit_rejection: true } => {
                Some(key.rejection_secret(|| secret(private, public))?)
            }
            _ => None,
        };
        let block = bare(private, public, &block)?;
        let message = match self {
            Self::None => return Ok(block),
            Self::Pkcs1 { .. } => match secret {
                Some(secret) => rejection::decode(&block, ciphertext, secret),
                None => encryption::decode(&block),
            },
            Self::Oaep { digest, mgf1, label } => Oaep { digest, mgf1, label }.decode(&block),
            Self::Tls { client, negotiated } => {
                let instead = Zeroizing::new(random(public.context(), tls::PREMASTER)?);
                let instead = instead.as_slice().try_into().unwrap_or(&[0; tls::PREMASTER]);
                let premaster = tls::decode(&block, *client, *negotiated, instead).map_err(damaged)?;
                return Ok(Zeroizing::new(premaster.to_vec()));
            }
        };
        Ok(Zeroizing::new(message.map_err(damaged)?.to_vec()))
    }
}

/// The ciphertext as long as the modulus, and below it: libtpms goes into failure mode otherwise.
fn whole(private: &dyn Private, ciphertext: &[u8]) -> Result<Vec<u8>> {
    let public = private.public();
    let PublicKey::Rsa { modulus, scheme, .. } = &public.key else {
        return Err(Error::new(Reason::WrongKey, "RSA decryption needs an RSA key"));
    };
    let allowed = public.attributes.contains(Attributes::DECRYPT)
        && !public.attributes.contains(Attributes::RESTRICTED);
    if !allowed || *scheme != Scheme::Null {
        let text = format!(
            "the key was not made for decryption with any padding (scheme {scheme}): make one that may decrypt, without a scheme"
        );
        return Err(Error::new(Reason::WrongKey, text));
    }
    let zeros = modulus.len().checked_sub(ciphertext.len()).ok_or_else(no_ciphertext)?;
    let mut block = vec![0; zeros];
    block.extend_from_slice(ciphertext);
    if block.as_slice() < modulus.as_slice() { Ok(block) } else { Err(no_ciphertext()) }
}

/// The private operation.
fn bare(private: &dyn Private, public: &Pkey, block: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let answer = private.rsa_decrypt(block)?;
    let zeros = block.len().checked_sub(answer.value.len()).ok_or_else(wrong_result)?;
    let mut result = Zeroizing::new(Vec::with_capacity(block.len()));
    result.resize(zeros, 0);
    result.extend_from_slice(&answer.value);
    // No session protects a TPM that is used without (session = password): encrypting must give the ciphertext again.
    if answer.authenticated || encrypts_to(public, &result, block) { Ok(result) } else { Err(wrong_result()) }
}

fn encrypts_to(public: &Pkey, block: &[u8], ciphertext: &[u8]) -> bool {
    quietly(|| {
        let mut list = ParamList::new();
        let params = list.text(c"pad-mode", "none").as_params();
        Operation::new(public, Purpose::Encrypt, params).and_then(|mut operation| operation.encrypt(block))
    })
    .is_ok_and(|encrypted| encrypted == ciphertext)
}

/// What synthetic messages are derived from: the private operation over a block that only the key determines, so that two
/// processes, and two runs, give the same message for the same ciphertext.
fn secret(private: &dyn Private, public: &Pkey) -> Result<Secret> {
    let PublicKey::Rsa { modulus, .. } = &private.public().key else { return Err(no_ciphertext()) };
    let probe = rejection::probe(modulus).map_err(damaged)?;
    Ok(Secret::new(&bare(private, public, &probe)?))
}

fn no_ciphertext() -> Error {
    Error::new(
        Reason::Padding,
        "the message was not encrypted for this key: its number is not below the modulus",
    )
}

fn damaged(error: missing::Error) -> Error {
    Error::new(Reason::Padding, "the message cannot be decrypted").with_source(error)
}

fn wrong_result() -> Error {
    Error::new(
        Reason::Integrity,
        "the TPM's result is not right, and was thrown away: something altered it on its way",
    )
}
