//! RSA decryption in the TPM: one TPM2_RSA_Decrypt with scheme NULL; this module removes the padding. If the TPM forbids that, the TPM removes the padding itself (`forbidden`).
//!
//! The padding is removed in constant time (`missing`), and a caller never learns what is wrong with it: a
//! PKCS#1 v1.5 block gives a synthetic message instead of an error (implicit rejection), TLS gives a random
//! premaster secret, and OAEP gives one error for everything.

mod by_scheme;
mod forbidden;
#[cfg(test)]
mod tests;

use keyfile::{Attributes, PublicKey, Scheme};
use missing::Message;
use missing::oaep::Oaep;
use missing::pkcs1::rejection::{self, Secret};
use missing::pkcs1::{encryption, tls};
use tpm::{Answer, RawRsa};
use zeroize::Zeroizing;

use crate::public::opens_to;
use crate::{Digest, Error, Kind, Memory, Private, PublicHalf, Result};

/// The padding of an encrypted message.
#[derive(Clone, Copy)]
pub enum Padding<'a> {
    /// PKCS#1 v1.5 (RFC 8017 §7.2).
    Pkcs1 {
        /// If true, a wrong padding gives a synthetic message, otherwise an error.
        implicit_rejection: bool,
    },
    /// OAEP (RFC 8017 §7.1).
    Oaep {
        /// The digest of the label.
        digest: Digest<'a>,
        /// The digest of the mask generation function.
        mgf1: Digest<'a>,
        /// The label.
        label: &'a [u8],
    },
    /// No padding: the block is the message.
    None,
    /// The premaster secret of TLS 1.2 and earlier (RFC 5246 §7.4.7.1).
    Tls {
        /// The version of the ClientHello. It is required.
        client: Option<u16>,
        /// The version that some old clients send instead.
        negotiated: Option<u16>,
    },
}

/// Decrypts a ciphertext.
///
/// # Errors
/// The ciphertext does not belong to this key, or the TPM refuses. About the padding, only OAEP reports an
/// error, and only one.
pub fn decrypt(
    private: &dyn Private,
    public: &dyn PublicHalf,
    memory: &Memory,
    padding: &Padding<'_>,
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>> {
    let scheme = decryption_scheme(private)?;
    let block = padded_ciphertext(private, ciphertext)?;
    if scheme != Scheme::Null {
        return by_scheme::decrypt(private, scheme, padding, &block);
    }
    let decryption = Decryption { private, public, memory, ciphertext, block: &block };
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
    private: &'a dyn Private,
    public: &'a dyn PublicHalf,
    memory: &'a Memory,
    ciphertext: &'a [u8],
    /// The ciphertext as long as the modulus.
    block: &'a [u8],
}

/// The padded block that the private operation returns.
type Decrypted = Zeroizing<Vec<u8>>;

impl Decryption<'_> {
    fn by_raw_rsa(&self, padding: &Padding<'_>) -> Result<Decrypted> {
        let open = || raw_rsa(self.private, self.public, self.block);
        match padding {
            Padding::None => open(),
            Padding::Oaep { digest, mgf1, label } => {
                let oaep = Oaep { digest: digest.hasher(), mgf1: mgf1.hasher(), label };
                reveal(oaep.decode(&open()?).and_then(Message::reveal))
            }
            Padding::Pkcs1 { implicit_rejection } => {
                let secret = || secret(self.private, self.public);
                self.pkcs1(*implicit_rejection, RawRsa::Allowed, secret, open)
            }
            Padding::Tls { client, negotiated } => self.tls(*client, *negotiated, open),
        }
    }

    /// Decrypts with a scheme: the TPM removes the padding.
    fn by_scheme(&self, padding: &Padding<'_>) -> Result<Decrypted> {
        let open = || forbidden::pkcs1_block(self.private, self.block);
        match padding {
            Padding::None => Err(forbidden::no_padding()),
            Padding::Oaep { digest, mgf1, label } => {
                forbidden::oaep(self.private, self.block, [*digest, *mgf1], label)
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
        open: impl FnOnce() -> Result<Decrypted>,
    ) -> Result<Decrypted> {
        if !implicit_rejection {
            return reveal(encryption::decode(&open()?).and_then(Message::reveal));
        }
        // The secret must exist before any padding is checked.
        let secret = self.memory.rejection_secret(raw_rsa, secret)?;
        reveal(rejection::decode(&open()?, self.ciphertext, secret))
    }

    fn tls(
        &self,
        client: Option<u16>,
        negotiated: Option<u16>,
        open: impl FnOnce() -> Result<Decrypted>,
    ) -> Result<Decrypted> {
        let client = client.ok_or_else(no_version)?;
        let block = open()?;
        // Drawn for every block, before its padding is checked; and after the operation, which may pause a job that is then abandoned.
        let mut instead = Zeroizing::new([0; tls::PREMASTER]);
        self.public.random(&mut *instead).map_err(Error::caller)?;
        let premaster = tls::decode(&block, client, negotiated, &instead).map_err(padding_error)?;
        Ok(Zeroizing::new(premaster.to_vec()))
    }
}

fn reveal(message: std::result::Result<Message, missing::Error>) -> Result<Decrypted> {
    Ok(Zeroizing::new(message.map_err(padding_error)?.to_vec()))
}

/// The scheme that the key decrypts with.
fn decryption_scheme(private: &dyn Private) -> Result<Scheme> {
    let public = private.public();
    let allowed = public.attributes.contains(Attributes::DECRYPT)
        && !public.attributes.contains(Attributes::RESTRICTED);
    match public.key {
        PublicKey::Rsa { scheme, .. } if allowed => Ok(scheme),
        PublicKey::Rsa { .. } => Err(Error::new(Kind::WrongKey, "the key may not decrypt")
            .with_hint("use a key that may decrypt and is not restricted")),
        _ => Err(Error::new(Kind::WrongKey, "RSA decryption needs an RSA key")),
    }
}

/// Returns the ciphertext padded to the length of the modulus. It must be below the modulus; otherwise libtpms enters failure mode. An empty
/// ciphertext is not a number, and not every library checks that before it calls a module.
fn padded_ciphertext(private: &dyn Private, ciphertext: &[u8]) -> Result<Vec<u8>> {
    let PublicKey::Rsa { modulus, .. } = &private.public().key else { return Err(no_ciphertext()) };
    if ciphertext.is_empty() {
        return Err(no_ciphertext());
    }
    let zeros = modulus.len().checked_sub(ciphertext.len()).ok_or_else(no_ciphertext)?;
    let mut block = vec![0; zeros];
    block.extend_from_slice(ciphertext);
    if block.as_slice() < modulus.as_slice() { Ok(block) } else { Err(no_ciphertext()) }
}

/// Runs the bare private operation.
fn raw_rsa(private: &dyn Private, public: &dyn PublicHalf, block: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let Answer { value, authenticated } = private.rsa_decrypt(block)?;
    // Without a session (session = password) the answer is not protected: encrypting the result must give the
    // ciphertext again.
    if authenticated || opens_to(public, private.public(), &value, block)? {
        Ok(value)
    } else {
        Err(wrong_result())
    }
}

/// Returns the secret from which synthetic messages are derived: the private operation on a block that
/// depends only on the key. So all processes get the same message for the same ciphertext.
fn secret(private: &dyn Private, public: &dyn PublicHalf) -> Result<Secret> {
    let PublicKey::Rsa { modulus, .. } = &private.public().key else { return Err(no_ciphertext()) };
    let probe = rejection::probe(modulus).map_err(padding_error)?;
    Ok(Secret::new(&raw_rsa(private, public, &probe)?))
}

fn no_ciphertext() -> Error {
    Error::new(
        Kind::Padding,
        "the message is not encrypted for this key: it is empty, too long or not below the modulus",
    )
}

fn no_version() -> Error {
    Error::new(Kind::Parameter, "a premaster secret needs the client's version (tls-client-version)")
}

fn padding_error(error: missing::Error) -> Error {
    Error::new(Kind::Padding, "cannot decrypt the message").because(error)
}

fn wrong_result() -> Error {
    Error::new(Kind::Integrity, "the result of the TPM is wrong and was discarded: it was altered on the way")
}
