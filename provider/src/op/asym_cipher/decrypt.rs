//! Decryption with an RSA key in the TPM: one TPM2_RSA_Decrypt with scheme NULL, the padding is taken off here. Where the TPM forbids
//! that, it takes the padding off itself (`forbidden`).
//!
//! Taking it off is constant-time (`missing`), and what is wrong with a padding shows nowhere: a PKCS#1 v1.5 block gives a
//! synthetic message instead of an error (implicit rejection), TLS a random premaster secret, OAEP one error for everything.

use keyfile::{Attributes, PublicKey, Scheme};
use missing::Message;
use missing::oaep::Oaep;
use missing::pkcs1::rejection::{self, Secret};
use missing::pkcs1::{encryption, tls};
use tpm::RawRsa;
use zeroize::Zeroizing;

use super::by_scheme;
use super::forbidden;
use super::padding::Padding;
use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::{Operation, Pkey, Purpose, random};
use crate::ffi::params::ParamList;
use crate::key::Key;
use crate::private::{Answer, Private};

/// Decrypts.
///
/// # Errors
/// The ciphertext is none of this key, or the TPM refuses; of the padding nothing but OAEP's one error.
pub(super) fn decrypt(
    key: &Key,
    public: &Pkey,
    padding: &Padding,
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>> {
    let private = key.private()?;
    let scheme = decryption_scheme(private)?;
    let block = whole(private, ciphertext)?;
    if scheme != Scheme::Null {
        return by_scheme::decrypt(private, scheme, padding, &block);
    }
    let decryption = Decryption { key, private, public, ciphertext, block: &block };
    if private.raw_rsa() != Some(RawRsa::Forbidden) {
        match decryption.by_raw_rsa(padding) {
            Err(_) if private.raw_rsa() == Some(RawRsa::Forbidden) => {}
            done => return done,
        }
    }
    decryption.by_scheme(padding)
}

/// A ciphertext for a key without a scheme.
struct Decryption<'a> {
    key: &'a Key,
    private: &'a dyn Private,
    public: &'a Pkey,
    ciphertext: &'a [u8],
    /// The ciphertext as long as the modulus.
    block: &'a [u8],
}

/// What the private key makes of a ciphertext: the padded block.
type Opened = Zeroizing<Vec<u8>>;

impl Decryption<'_> {
    fn by_raw_rsa(&self, padding: &Padding) -> Result<Opened> {
        let open = || bare(self.private, self.public, self.block);
        match padding {
            Padding::None => open(),
            Padding::Oaep { digest, mgf1, label } => {
                revealed(Oaep { digest, mgf1, label }.decode(&open()?).and_then(Message::reveal))
            }
            Padding::Pkcs1 { implicit_rejection } => {
                let secret = || secret(self.private, self.public);
                self.pkcs1(*implicit_rejection, RawRsa::Allowed, secret, open)
            }
            Padding::Tls { client, negotiated } => self.tls(*client, *negotiated, open),
        }
    }

    /// The TPM takes the padding off.
    fn by_scheme(&self, padding: &Padding) -> Result<Opened> {
        let open = || forbidden::pkcs1_block(self.private, self.block);
        match padding {
            Padding::None => Err(forbidden::unpadded()),
            Padding::Oaep { digest, mgf1, label } => {
                forbidden::oaep(self.private, self.block, [digest, mgf1], label)
            }
            Padding::Pkcs1 { implicit_rejection } => {
                let secret = || forbidden::secret(self.private, self.public);
                self.pkcs1(*implicit_rejection, RawRsa::Forbidden, secret, open)
            }
            Padding::Tls { client, negotiated } => self.tls(*client, *negotiated, open),
        }
    }

    fn pkcs1(
        &self,
        implicit_rejection: bool,
        raw_rsa: RawRsa,
        secret: impl FnOnce() -> Result<Secret>,
        open: impl FnOnce() -> Result<Opened>,
    ) -> Result<Opened> {
        if !implicit_rejection {
            return revealed(encryption::decode(&open()?).and_then(Message::reveal));
        }
        // Before any padding is looked at.
        let secret = self.key.rejection_secret(raw_rsa, secret)?;
        revealed(rejection::decode(&open()?, self.ciphertext, secret))
    }

    fn tls(
        &self,
        client: Option<u16>,
        negotiated: Option<u16>,
        open: impl FnOnce() -> Result<Opened>,
    ) -> Result<Opened> {
        let client = client.ok_or_else(no_version)?;
        let instead = Zeroizing::new(random(self.public.context(), tls::PREMASTER)?);
        let instead: &[u8; tls::PREMASTER] = instead.as_slice().try_into().map_err(|_| no_random())?;
        let premaster = tls::decode(&open()?, client, negotiated, instead).map_err(damaged)?;
        Ok(Zeroizing::new(premaster.to_vec()))
    }
}

fn revealed(message: std::result::Result<Message, missing::Error>) -> Result<Opened> {
    Ok(Zeroizing::new(message.map_err(damaged)?.to_vec()))
}

/// The scheme that the key decrypts by.
fn decryption_scheme(private: &dyn Private) -> Result<Scheme> {
    let public = private.public();
    let allowed = public.attributes.contains(Attributes::DECRYPT)
        && !public.attributes.contains(Attributes::RESTRICTED);
    match public.key {
        PublicKey::Rsa { scheme, .. } if allowed => Ok(scheme),
        PublicKey::Rsa { .. } => Err(Error::new(
            Reason::WrongKey,
            "the key was not made for decryption: use one that may decrypt and is not restricted",
        )),
        _ => Err(Error::new(Reason::WrongKey, "RSA decryption needs an RSA key")),
    }
}

/// The ciphertext as long as the modulus, and below it: libtpms goes into failure mode otherwise. An empty one is no number; later
/// versions of libcrypto leave that to the provider.
fn whole(private: &dyn Private, ciphertext: &[u8]) -> Result<Vec<u8>> {
    let PublicKey::Rsa { modulus, .. } = &private.public().key else { return Err(no_ciphertext()) };
    if ciphertext.is_empty() {
        return Err(no_ciphertext());
    }
    let zeros = modulus.len().checked_sub(ciphertext.len()).ok_or_else(no_ciphertext)?;
    let mut block = vec![0; zeros];
    block.extend_from_slice(ciphertext);
    if block.as_slice() < modulus.as_slice() { Ok(block) } else { Err(no_ciphertext()) }
}

/// The private operation.
fn bare(private: &dyn Private, public: &Pkey, block: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let Answer { value, authenticated } = private.rsa_decrypt(block)?;
    // No session protects a TPM that is used without (session = password): encrypting must give the ciphertext again.
    if authenticated || encrypts_to(public, &value, block) { Ok(value) } else { Err(wrong_result()) }
}

fn encrypts_to(public: &Pkey, block: &[u8], ciphertext: &[u8]) -> bool {
    public
        .quietly(|| {
            let mut list = ParamList::new();
            let params = list.text(c"pad-mode", "none").as_params();
            Operation::new(public, Purpose::Encrypt, params)
                .and_then(|mut operation| operation.encrypt(block))
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

fn no_version() -> Error {
    Error::new(Reason::Parameter, "a premaster secret needs the client's version (tls-client-version)")
}

fn no_random() -> Error {
    Error::new(Reason::Internal, "the random generator gave another number of bytes than asked for")
}

fn damaged(error: missing::Error) -> Error {
    Error::new(Reason::Padding, "the message cannot be decrypted").with_source(error)
}

pub(super) fn wrong_result() -> Error {
    Error::new(
        Reason::Integrity,
        "the TPM's result is not right, and was thrown away: something altered it on its way",
    )
}
