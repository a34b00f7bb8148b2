//! The objects of a token: for each key a private and a public key object, the certificates, and the keys derived in sessions.
//!
//! | file | what |
//! |---|---|
//! | `key` | attributes of the private and the public key |
//! | `certificate` | attributes of a certificate |
//! | `secret` | keys derived in a session |
//! | `value` | values of attributes |
//!
//! A handle is the number of the key or certificate, times four, plus the kind. It stays the same while the file is unchanged.

mod certificate;
mod key;
mod secret;
mod value;

use std::sync::Arc;

use cryptoki_sys::*;
use tokens::{Certificate, Contents, TokenKey};

use crate::error::{Error, Result};
use crate::ffi::Template;
use crate::module::Module;
use crate::slot::Slot;
pub(crate) use secret::Secret;
pub(crate) use value::Found;

/// An object.
#[derive(Clone)]
pub(crate) enum Object {
    Private(Arc<TokenKey>),
    Public(Arc<TokenKey>),
    Certificate(Arc<Certificate>),
    Secret(Arc<Secret>),
}

/// The kinds in the lowest bits of a handle.
const SECRET: u64 = 0;
const PRIVATE: u64 = 1;
const PUBLIC: u64 = 2;
const CERTIFICATE: u64 = 3;

/// Returns the number of the key, if the handle is that of a public key.
pub(crate) fn public_key_number(handle: CK_OBJECT_HANDLE) -> Option<u64> {
    (handle & 3 == PUBLIC).then_some(handle >> 2)
}

impl Object {
    /// Returns the handle.
    pub(crate) fn handle(&self) -> CK_OBJECT_HANDLE {
        let (number, kind) = match self {
            Self::Secret(secret) => return secret.handle(),
            Self::Private(key) => (key.number(), PRIVATE),
            Self::Public(key) => (key.number(), PUBLIC),
            Self::Certificate(certificate) => (certificate.number(), CERTIFICATE),
        };
        number << 2 | kind
    }

    /// Returns every object of a slot that its user may see: private keys that have a password only after the login (PKCS#11 3.0 §4.4).
    pub(crate) fn all<'a>(
        module: &Module,
        slot: &Slot,
        contents: &'a Contents,
    ) -> impl Iterator<Item = Self> + use<'a> {
        let sees_private = slot.is_logged_in();
        let private = contents.keys.iter().filter(move |key| sees_private || !key.needs_password()).cloned();
        private
            .map(Self::Private)
            .chain(contents.keys.iter().cloned().map(Self::Public))
            .chain(contents.certificates.iter().cloned().map(Self::Certificate))
            .chain(module.secrets(slot.id()).into_iter().map(Self::Secret))
    }

    /// Returns the object with a handle in these contents of a slot, or among its derived keys.
    ///
    /// # Errors
    /// CKR_OBJECT_HANDLE_INVALID
    pub(crate) fn find(
        module: &Module,
        slot: &Slot,
        contents: &Contents,
        handle: CK_OBJECT_HANDLE,
    ) -> Result<Self> {
        let none = || Error::new(CKR_OBJECT_HANDLE_INVALID, format!("there is no object {handle}"));
        if handle & 3 == SECRET {
            let secrets = module.secrets(slot.id());
            return secrets
                .into_iter()
                .find(|secret| secret.handle() == handle)
                .map(Self::Secret)
                .ok_or_else(none);
        }
        let key = || contents.key(handle >> 2).cloned();
        let object = match handle & 3 {
            // Hidden before the login, as in a search.
            PRIVATE => key().filter(|key| !key.needs_password() || slot.is_logged_in()).map(Self::Private),
            PUBLIC => key().map(Self::Public),
            _ => contents.certificate(handle >> 2).cloned().map(Self::Certificate),
        };
        object.ok_or_else(none)
    }

    /// Returns the value of an attribute.
    pub(crate) fn attribute(&self, slot: &Slot, contents: &Contents, attribute: CK_ATTRIBUTE_TYPE) -> Found {
        match self {
            Self::Private(key) => key::private(key, slot, contents, attribute),
            Self::Public(key) => key::public(key, slot, contents, attribute),
            Self::Certificate(certificate) => certificate::attribute(certificate, slot, attribute),
            Self::Secret(secret) => secret.attribute(attribute),
        }
    }

    /// Returns true if every attribute of a template has the same value here.
    pub(crate) fn matches(&self, slot: &Slot, contents: &Contents, template: &Template<'_>) -> bool {
        template.iter().all(|(attribute, value)| match (self, attribute) {
            // What programs search for: compared in place, because a token may have a thousand keys and a search is made for each.
            (_, CKA_CLASS) => value == self.class().to_ne_bytes(),
            (Self::Private(key) | Self::Public(key), CKA_ID) => value == key.id(),
            (Self::Private(key) | Self::Public(key), CKA_LABEL) => value == key.label().as_bytes(),
            (Self::Certificate(certificate), CKA_ID) => value == certificate.id(),
            _ => {
                matches!(self.attribute(slot, contents, attribute), Found::Value(own) if own.as_slice() == value)
            }
        })
    }

    fn class(&self) -> CK_OBJECT_CLASS {
        match self {
            Self::Private(_) => CKO_PRIVATE_KEY,
            Self::Public(_) => CKO_PUBLIC_KEY,
            Self::Certificate(_) => CKO_CERTIFICATE,
            Self::Secret(_) => CKO_SECRET_KEY,
        }
    }
}
