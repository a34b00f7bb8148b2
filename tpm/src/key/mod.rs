//! A key in the TPM: loaded at first use, and again whenever it has lost its slot.

mod block;
mod empty_auth;
mod operate;
mod persist;
mod ready;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use keyfile::{AlgId, Handle, HashAlg, KeyFile, Name, Point, Public, PublicKey, Signature, Ticket};
use zeroize::Zeroizing;

use crate::auth::Auth;
use crate::command::{asymmetric, hash, object, signature};
use crate::connection::Transient;
use crate::error::{Error, ErrorKind};
use crate::objects::Parent;
use crate::tpm::Tpm;

/// A key in the TPM. Clones are the same key; the last one that is dropped evicts it.
#[derive(Clone)]
pub struct Key(Arc<Inner>);

struct Inner {
    tpm: Tpm,
    /// By which the connection of each process knows it.
    number: u64,
    origin: Origin,
    public: Public,
    name: Name,
    /// The password itself, which may be another entity's (PolicySecret).
    password: Option<Auth>,
    /// The password stands in a file, or none was given, and it might be the last try: to be looked at until it was right once.
    doubtful: AtomicBool,
}

enum Origin {
    Persistent {
        handle: Handle,
        /// Whether somebody has looked since that it is this key which is there.
        seen: AtomicBool,
    },
    File {
        file: Box<KeyFile>,
        parent: Parent,
    },
}

/// A result, and whether the TPM is known to have made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// The result.
    pub value: T,
    /// Whether a session's HMAC vouches for it. If not, the caller must verify it before it trusts it.
    pub authenticated: bool,
}

/// What an operation with the bare RSA key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// The result is public.
    Signature,
    /// The result is secret.
    Decryption,
}

impl Key {
    /// The key in a file; the TPM hears of it at first use.
    ///
    /// # Errors
    /// The public area has a part that is too long to have a Name.
    pub fn from_file(tpm: &Tpm, file: KeyFile, auth: Option<Auth>) -> Result<Self, Error> {
        Self::from_file_under(tpm, file, auth, tpm.config().parent_auth.clone())
    }

    /// The same, under a parent with a password of its own.
    ///
    /// # Errors
    /// As [`Key::from_file`].
    pub fn from_file_under(
        tpm: &Tpm,
        file: KeyFile,
        auth: Option<Auth>,
        parent_auth: Option<Auth>,
    ) -> Result<Self, Error> {
        let parent = Parent { handle: file.parent, rsa: file.rsa_parent, auth: parent_auth };
        let public = file.public.clone();
        let name = public.name()?;
        let origin = Origin::File { file: Box::new(file), parent };
        Ok(Self::new(tpm, origin, public, name, auth))
    }

    /// The key at a persistent handle.
    ///
    /// # Errors
    /// There is none, or no TPM.
    pub fn persistent(tpm: &Tpm, handle: Handle, auth: Option<Auth>) -> Result<Self, Error> {
        let (public, _) = tpm.read_public(handle)?;
        Self::at(tpm, handle, public, auth)
    }

    /// The same, with its public area as it was just read.
    ///
    /// # Errors
    /// The public area has a part that is too long to have a Name.
    pub fn at(tpm: &Tpm, handle: Handle, public: Public, auth: Option<Auth>) -> Result<Self, Error> {
        let name = public.name()?;
        let seen = AtomicBool::new(true);
        Ok(Self::new(tpm, Origin::Persistent { handle, seen }, public, name, auth))
    }

    /// The same, with its public area known from elsewhere; the TPM hears of it at first use, and is asked then whether it is that
    /// key.
    ///
    /// # Errors
    /// The public area has a part that is too long to have a Name.
    pub fn expected(tpm: &Tpm, handle: Handle, public: Public, auth: Option<Auth>) -> Result<Self, Error> {
        let name = public.name()?;
        let seen = AtomicBool::new(false);
        Ok(Self::new(tpm, Origin::Persistent { handle, seen }, public, name, auth))
    }

    /// Its public area.
    #[must_use]
    pub fn public(&self) -> &Public {
        &self.0.public
    }

    /// Its Name.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.0.name
    }

    /// The file that it came from.
    #[must_use]
    pub fn file(&self) -> Option<&KeyFile> {
        match &self.0.origin {
            Origin::File { file, .. } => Some(file),
            Origin::Persistent { .. } => None,
        }
    }

    /// The persistent handle that it is at.
    #[must_use]
    pub fn handle(&self) -> Option<Handle> {
        match self.0.origin {
            Origin::Persistent { handle, .. } => Some(handle),
            Origin::File { .. } => None,
        }
    }

    /// The TPM that it is in.
    #[must_use]
    pub fn tpm(&self) -> &Tpm {
        &self.0.tpm
    }

    /// Signs a digest that is as long as `hash` makes them (TPM2_Sign). With the scheme of the key itself, `scheme` is NULL.
    ///
    /// # Errors
    /// The TPM refuses, for instance the password, the scheme or the policy.
    pub fn sign(&self, digest: &[u8], hash: HashAlg, scheme: AlgId) -> Result<Answer<Signature>, Error> {
        self.sign_with(digest, &Ticket::null(Ticket::HASHCHECK), hash, scheme)
    }

    /// Signs a message that the TPM hashes itself, the only thing that a restricted signing key does (Part 3 §20.2).
    ///
    /// # Errors
    /// As [`Key::sign`]; and a message that begins like a structure of the TPM's own (TPM_GENERATED_VALUE) is refused.
    pub fn sign_message(
        &self,
        message: &[u8],
        hash: HashAlg,
        scheme: AlgId,
    ) -> Result<Answer<Signature>, Error> {
        self.0.check_usable()?;
        let (digest, ticket) = self.0.tpm.operate(|connection| hash::hash(connection, message, hash))?;
        self.sign_with(&digest, &ticket, hash, scheme)
    }

    fn sign_with(
        &self,
        digest: &[u8],
        ticket: &Ticket,
        hash: HashAlg,
        scheme: AlgId,
    ) -> Result<Answer<Signature>, Error> {
        self.operate(Purpose::Signature, |connection, key, protect| {
            signature::sign(connection, key, (digest, ticket), scheme, hash, protect)
        })
    }

    /// The bare private operation for a signature (TPM2_RSA_Decrypt without scheme): the block is as long as the modulus, and padded.
    ///
    /// # Errors
    /// The block has the wrong size or is not below the modulus, or the TPM refuses.
    pub fn rsa_sign(&self, block: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>, Error> {
        self.rsa(block, Purpose::Signature)
    }

    /// The bare private operation for a decryption: the same, but the answer is secret, and never unprotected.
    ///
    /// # Errors
    /// As [`Key::rsa_sign`].
    pub fn rsa_decrypt(&self, block: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>, Error> {
        self.rsa(block, Purpose::Decryption)
    }

    /// Decrypts with the scheme that the key was made for; the TPM takes the padding off. A label (OAEP) ends with a zero octet.
    ///
    /// # Errors
    /// The ciphertext has the wrong size, is not below the modulus, or was padded in another way; or the TPM refuses.
    pub fn rsa_decrypt_by_scheme(
        &self,
        ciphertext: &[u8],
        label: &[u8],
    ) -> Result<Answer<Zeroizing<Vec<u8>>>, Error> {
        block::check(ciphertext, &self.0.public)?;
        self.operate(Purpose::Decryption, |connection, key, protect| {
            asymmetric::rsa_decrypt(connection, key, ciphertext, label, protect)
        })
    }

    /// The data of a sealed object (TPM2_Unseal).
    ///
    /// # Errors
    /// It is a key and not sealed data; or the TPM refuses, for instance the password or the policy.
    pub fn unseal(&self) -> Result<Answer<Zeroizing<Vec<u8>>>, Error> {
        if !matches!(self.0.public.key, PublicKey::KeyedHash { .. }) {
            return Err(Error::new(ErrorKind::Input, "it is a key, and not sealed data").on(&*self.0));
        }
        self.operate(Purpose::Decryption, |connection, key, protect| object::unseal(connection, key, protect))
    }

    /// The private half times a point (TPM2_ECDH_ZGen).
    ///
    /// # Errors
    /// The point is not on the curve, or the TPM refuses.
    pub fn ecdh_zgen(&self, x: &[u8], y: &[u8]) -> Result<Answer<Point>, Error> {
        let point = Point { x: x.to_vec(), y: y.to_vec() };
        self.operate(Purpose::Decryption, |connection, key, protect| {
            asymmetric::ecdh_zgen(connection, key, &point, protect)
        })
    }

    fn new(tpm: &Tpm, origin: Origin, public: Public, name: Name, auth: Option<Auth>) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let doubtful = origin.is_doubtful(auth.as_ref()) && origin.counts_wrong_passwords(&public);
        let tpm = tpm.clone();
        Self(Arc::new(Inner {
            tpm,
            number,
            origin,
            public,
            name,
            password: auth,
            doubtful: AtomicBool::new(doubtful),
        }))
    }

    fn rsa(&self, block: &[u8], purpose: Purpose) -> Result<Answer<Zeroizing<Vec<u8>>>, Error> {
        block::check(block, &self.0.public)?;
        self.operate(purpose, |connection, key, protect| {
            let message = asymmetric::rsa_decrypt(connection, key, block, &[], protect)?;
            block::whole(message, block.len())
        })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Origin::File { .. } = self.origin {
            self.tpm.evict(Transient::Key(self.number));
        }
    }
}

impl std::fmt::Display for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.origin {
            Origin::Persistent { handle, .. } => write!(f, "key at {handle}"),
            Origin::File { file, parent, .. } => match &file.description {
                Some(description) => write!(f, "key {description:?} under parent {}", parent.handle),
                None => {
                    let name = self.name.to_string();
                    write!(f, "key {}… under parent {}", name.get(..12).unwrap_or(&name), parent.handle)
                }
            },
        }
    }
}

fn removed(error: Error) -> Error {
    match error.kind() {
        ErrorKind::NoObject => {
            error.advise("there is no key at this handle: it was removed, or it is in another TPM")
        }
        _ => error,
    }
}
