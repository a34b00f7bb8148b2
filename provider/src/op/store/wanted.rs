//! What the caller of a store wants of it: one kind of object, or the certificate of one subject.

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

/// What is wanted; everything unless somebody says otherwise.
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
        // 0 takes it back.
        self.expect = expect.or(self.expect).filter(|expect| *expect != 0);
        self.subject = subject.or(self.subject.take());
        Ok(())
    }

    pub(super) fn settable() -> &'static Descriptors {
        Choice::descriptors()
    }

    /// Nothing of what the URI names is wanted. A search may find nothing; who opens a key as a certificate has the wrong URI.
    ///
    /// # Errors
    /// `WrongHandle`: says what was wanted, and where such things are.
    pub(super) fn missed(&self, location: &Location) -> Result<()> {
        let (what, where_to) = match self.expect {
            _ if self.subject.is_some() => return Ok(()),
            Some(PUBLIC_KEY) => ("a public key", ""),
            Some(KEY) => ("a key", ": private keys are at persistent handles, such as handle:0x81000101"),
            Some(CERTIFICATE) => {
                ("a certificate", ": certificates are in files, and in NV indexes, such as handle:0x01c00002")
            }
            Some(REVOCATION_LIST) => (
                "a revocation list",
                ": revocation lists are in files, and in NV indexes, such as handle:0x01c00003",
            ),
            _ => return Ok(()),
        };
        let but = match location {
            Location::Key(handle) | Location::Transient(handle) => format!("{handle} is a key"),
            Location::Nv(index) => format!("NV index {index} holds none"),
            Location::File(path) | Location::Serialized(path) => format!("{} leads to none", path.display()),
            Location::All => "the TPM has none".to_owned(),
            Location::Unread(handle) => format!("nobody can read what is at {handle} without a password"),
        };
        Err(Error::new(Reason::WrongHandle, format!("{what} is wanted, and {but}{where_to}")))
    }

    /// Whatever there is.
    pub(super) fn wants_everything(&self) -> bool {
        self.subject.is_none() && self.expect.is_none()
    }

    /// A key with its private half.
    pub(super) fn key(&self) -> bool {
        self.subject.is_none() && self.expect.is_none_or(|expect| expect == KEY)
    }

    /// A public key and no more.
    pub(super) fn public_key(&self) -> bool {
        self.subject.is_none() && self.expect.is_none_or(|expect| expect == PUBLIC_KEY)
    }

    /// A key, with its private half or without.
    pub(super) fn any_key(&self) -> bool {
        self.key() || self.public_key()
    }

    /// What a file or an NV index holds.
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

    /// The public half of a key instead of the whole.
    pub(super) fn only_public_half(&self) -> bool {
        self.expect == Some(PUBLIC_KEY)
    }

    /// Some certificate.
    pub(super) fn certificates(&self) -> bool {
        self.wants(CERTIFICATE)
    }

    /// This certificate.
    ///
    /// # Errors
    /// `Software`: this libcrypto compares no names.
    pub(super) fn certificate(&self, der: &[u8], libcrypto: &Libcrypto) -> Result<bool> {
        Ok(self.certificates() && self.has_name(keyfile::subject(der), libcrypto)?)
    }

    /// This revocation list: a search for a subject finds what that subject has issued.
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
