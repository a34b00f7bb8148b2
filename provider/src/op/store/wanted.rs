//! What the caller of a store wants of it: one kind of object, or the certificate of one subject.

use zeroize::Zeroizing;

use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::is_same_name;
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

/// OSSL_STORE_INFO_PUBKEY, _PKEY and _CERT of store.h.
const PUBLIC_KEY: i32 = 3;
const KEY: i32 = 4;
const CERTIFICATE: i32 = 5;

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
    /// `WrongHandle`: says what was wanted.
    pub(super) fn missed(&self) -> Result<()> {
        let what = match self.expect {
            Some(PUBLIC_KEY | KEY) if self.subject.is_none() => "a key",
            Some(CERTIFICATE) if self.subject.is_none() => "a certificate",
            _ => return Ok(()),
        };
        Err(Error::new(Reason::WrongHandle, format!("{what} is wanted, and the URI names something else")))
    }

    /// A key with its private half.
    pub(super) fn key(&self) -> bool {
        self.subject.is_none() && self.expect.is_none_or(|expect| expect == KEY)
    }

    /// A public key and no more.
    pub(super) fn public_key(&self) -> bool {
        self.subject.is_none() && self.expect.is_none_or(|expect| expect == PUBLIC_KEY)
    }

    /// The public half of a key instead of the whole.
    pub(super) fn only_public_half(&self) -> bool {
        self.expect == Some(PUBLIC_KEY)
    }

    /// Some certificate.
    pub(super) fn certificates(&self) -> bool {
        self.expect.is_none_or(|expect| expect == CERTIFICATE)
    }

    /// This certificate.
    pub(super) fn certificate(&self, der: &[u8]) -> bool {
        let wanted = |subject: &Zeroizing<Vec<u8>>| {
            keyfile::subject(der).is_some_and(|found| is_same_name(found, subject))
        };
        self.certificates() && self.subject.as_ref().is_none_or(wanted)
    }
}
