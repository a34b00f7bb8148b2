//! The choice of a store's caller: one type of object, or the certificate of one subject.

use keyfile::Content;
use keyfile::uri::Location;
use zeroize::Zeroizing;

use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::is_same_name;
use crate::ffi::libcrypto::Libcrypto;
use crate::ffi::params::{Descriptors, Params, settable};

settable! {
    /// provider-storemgmt(7)
    struct Choice {
        expect: i32 = c"expect",
        subject: Zeroizing<Vec<u8>> = c"subject",
    }
}

/// The wanted objects. The default is all.
#[derive(Default)]
pub(super) struct Wanted {
    expect: Option<i32>,
    subject: Option<Zeroizing<Vec<u8>>>,
}

/// OSSL_STORE_INFO_PUBKEY, _PKEY, _CERT and _CRL of store.h.
const PUBLIC_KEY: i32 = 3;
const KEY: i32 = 4;
const CERTIFICATE: i32 = 5;
const REVOCATION_LIST: i32 = 6;

impl Wanted {
    pub(super) fn set(&mut self, params: Params<'_>) -> Result<()> {
        let Choice { expect, subject } = Choice::read(params)?;
        // 0 removes the restriction.
        self.expect = expect.or(self.expect).filter(|expect| *expect != 0);
        self.subject = subject.or(self.subject.take());
        Ok(())
    }

    pub(super) fn settable() -> &'static Descriptors {
        Choice::descriptors()
    }

    /// Called if nothing that the URI names is wanted. A search may find nothing; a caller that opens a key
    /// as a certificate has the wrong URI.
    ///
    /// # Errors
    /// `WrongHandle`: names the wanted type, and where such objects are.
    pub(super) fn missed(&self, location: &Location) -> Result<()> {
        let (what, hint) = match self.expect {
            _ if self.subject.is_some() => return Ok(()),
            Some(PUBLIC_KEY) => ("a public key", None),
            Some(KEY) => ("a key", Some("private keys are at persistent handles, such as handle:0x81000101")),
            Some(CERTIFICATE) => (
                "a certificate",
                Some("certificates are in files and in NV indexes, such as handle:0x01c00002"),
            ),
            Some(REVOCATION_LIST) => (
                "a revocation list",
                Some("revocation lists are in files and in NV indexes, such as handle:0x01c00003"),
            ),
            _ => return Ok(()),
        };
        let but = match location {
            Location::Key(handle) | Location::Transient(handle) => format!("{handle} is a key"),
            Location::Nv(index) => format!("NV index {index} contains none"),
            Location::File(path) | Location::Serialized(path) => format!("{} contains none", path.display()),
            Location::All => "the TPM has none".to_owned(),
            Location::Unread(handle) => format!("the object at {handle} cannot be read without a password"),
        };
        let error = Error::new(Reason::WrongHandle, format!("{what} is wanted, but {but}"));
        Err(match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        })
    }

    /// Returns true if all objects are wanted.
    pub(super) fn wants_everything(&self) -> bool {
        self.subject.is_none() && self.expect.is_none()
    }

    /// Returns true if a private key is wanted.
    pub(super) fn key(&self) -> bool {
        self.subject.is_none() && self.expect.is_none_or(|expect| expect == KEY)
    }

    /// Returns true if a public key is wanted.
    pub(super) fn public_key(&self) -> bool {
        self.subject.is_none() && self.expect.is_none_or(|expect| expect == PUBLIC_KEY)
    }

    /// Returns true if a key is wanted, with its private half or without.
    pub(super) fn any_key(&self) -> bool {
        self.key() || self.public_key()
    }

    /// Returns true if this content of a file or an NV index is wanted.
    ///
    /// # Errors
    /// As `certificate`.
    pub(super) fn content(&self, content: &Content, libcrypto: &Libcrypto) -> Result<bool> {
        Ok(match content {
            Content::Certificate(der) => self.certificate(der, libcrypto)?,
            Content::RevocationList(der) => self.revocation_list(der, libcrypto)?,
            Content::PublicKey(_) => self.public_key(),
            Content::Key(_) | Content::Reference(_) => self.any_key(),
        })
    }

    /// Returns true if only the public half of a key is wanted.
    pub(super) fn only_public_half(&self) -> bool {
        self.expect == Some(PUBLIC_KEY)
    }

    /// Returns true if any certificate is wanted.
    pub(super) fn certificates(&self) -> bool {
        self.wants(CERTIFICATE)
    }

    /// Returns true if this certificate is wanted.
    ///
    /// # Errors
    /// `Software`: this libcrypto lacks the functions for names.
    pub(super) fn certificate(&self, der: &[u8], libcrypto: &Libcrypto) -> Result<bool> {
        Ok(self.certificates() && self.has_name(keyfile::subject(der), libcrypto)?)
    }

    /// Returns true if this revocation list is wanted. A search for a subject finds the lists that the
    /// subject has issued.
    ///
    /// # Errors
    /// As `certificate`.
    fn revocation_list(&self, der: &[u8], libcrypto: &Libcrypto) -> Result<bool> {
        Ok(self.wants(REVOCATION_LIST) && self.has_name(keyfile::issuer(der), libcrypto)?)
    }

    fn wants(&self, kind: i32) -> bool {
        self.expect.is_none_or(|expect| expect == kind)
    }

    fn has_name(&self, found: Option<&[u8]>, libcrypto: &Libcrypto) -> Result<bool> {
        match (&self.subject, found) {
            (None, _) => Ok(true),
            (Some(subject), Some(found)) => Ok(is_same_name(libcrypto, found, subject)?),
            (Some(_), None) => Ok(false),
        }
    }
}
