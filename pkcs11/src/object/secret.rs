//! A key that C_DeriveKey made in a session. It is no longer in the TPM, and lives as long as its session.

use std::sync::atomic::{AtomicU64, Ordering};

use cryptoki_sys::*;
use zeroize::Zeroizing;

use super::SECRET;
use super::value::{Found, bytes, empty, flag, number};
use crate::error::{Error, Result};
use crate::ffi::Template;

/// A derived key.
pub(crate) struct Secret {
    handle: CK_OBJECT_HANDLE,
    session: CK_SESSION_HANDLE,
    slot: CK_SLOT_ID,
    value: Zeroizing<Vec<u8>>,
    key_type: CK_KEY_TYPE,
    label: Vec<u8>,
    id: Vec<u8>,
    private: bool,
    sensitive: bool,
    extractable: bool,
    mechanism: CK_MECHANISM_TYPE,
}

impl Secret {
    /// Makes a key of a session, with the attributes of the template.
    ///
    /// # Errors
    /// CKR_ATTRIBUTE_VALUE_INVALID, CKR_TEMPLATE_INCONSISTENT
    pub(crate) fn new(
        (session, slot): (CK_SESSION_HANDLE, CK_SLOT_ID),
        value: Zeroizing<Vec<u8>>,
        template: &Template<'_>,
        mechanism: CK_MECHANISM_TYPE,
    ) -> Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        if template.number(CKA_CLASS)?.is_some_and(|class| class != CKO_SECRET_KEY) {
            return Err(Error::new(CKR_TEMPLATE_INCONSISTENT, "a derived key is a secret key"));
        }
        Ok(Self {
            handle: NUMBER.fetch_add(1, Ordering::Relaxed) << 2 | SECRET,
            session,
            slot,
            value,
            key_type: template.number(CKA_KEY_TYPE)?.unwrap_or(CKK_GENERIC_SECRET),
            label: template.bytes(CKA_LABEL).unwrap_or_default().to_vec(),
            id: template.bytes(CKA_ID).unwrap_or_default().to_vec(),
            private: template.flag(CKA_PRIVATE)?.unwrap_or(false),
            sensitive: template.flag(CKA_SENSITIVE)?.unwrap_or(false),
            extractable: template.flag(CKA_EXTRACTABLE)?.unwrap_or(true),
            mechanism,
        })
    }

    /// Returns the handle.
    pub(crate) fn handle(&self) -> CK_OBJECT_HANDLE {
        self.handle
    }

    /// Returns the session.
    pub(crate) fn session(&self) -> CK_SESSION_HANDLE {
        self.session
    }

    /// Returns true if the key exists only during a login.
    pub(crate) fn is_private(&self) -> bool {
        self.private
    }

    /// Returns the slot of the session.
    pub(crate) fn slot(&self) -> CK_SLOT_ID {
        self.slot
    }

    pub(super) fn attribute(&self, attribute: CK_ATTRIBUTE_TYPE) -> Found {
        match attribute {
            CKA_CLASS => number(CKO_SECRET_KEY),
            CKA_KEY_TYPE => number(self.key_type),
            CKA_LABEL => bytes(&self.label),
            CKA_ID => bytes(&self.id),
            CKA_SENSITIVE => flag(self.sensitive),
            CKA_EXTRACTABLE => flag(self.extractable),
            CKA_VALUE if self.sensitive || !self.extractable => Found::Sensitive,
            CKA_VALUE => bytes(&self.value),
            CKA_VALUE_LEN => number(CK_ULONG::try_from(self.value.len()).unwrap_or_default()),
            CKA_DESTROYABLE => flag(true),
            CKA_PRIVATE => flag(self.private),
            CKA_TOKEN
            | CKA_MODIFIABLE
            | CKA_COPYABLE
            | CKA_LOCAL
            | CKA_ENCRYPT
            | CKA_DECRYPT
            | CKA_SIGN
            | CKA_VERIFY
            | CKA_WRAP
            | CKA_UNWRAP
            | CKA_DERIVE
            | CKA_ALWAYS_SENSITIVE
            | CKA_NEVER_EXTRACTABLE => flag(false),
            CKA_KEY_GEN_MECHANISM => number(self.mechanism),
            CKA_START_DATE | CKA_END_DATE => empty(),
            _ => Found::Unknown,
        }
    }
}
