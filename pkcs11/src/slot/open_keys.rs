//! The keys of a token that are in use. They keep their slot in the TPM, and what is known about their passwords.

use std::collections::HashMap;
use std::sync::Arc;

use tokens::TokenKey;

use crate::operation::OpenKey;

/// The keys in use, by their numbers, each as its file was read.
#[derive(Default)]
pub(super) struct OpenKeys {
    keys: HashMap<u64, (Arc<TokenKey>, Arc<OpenKey>)>,
    /// Counts the logins and logouts.
    logins: u64,
}

impl OpenKeys {
    /// Returns the number of logins and logouts so far.
    pub(super) fn logins(&self) -> u64 {
        self.logins
    }

    /// Returns the open key, unless its file was read again since.
    pub(super) fn find(&self, key: &Arc<TokenKey>) -> Option<Arc<OpenKey>> {
        let (of, open) = self.keys.get(&key.number())?;
        Arc::ptr_eq(of, key).then(|| Arc::clone(open))
    }

    /// Adds a key that was opened after this number of logins and logouts, and returns it, or the one that another thread has added
    /// meanwhile. Returns `None` if the key has a password and the login has ended or changed.
    pub(super) fn insert(
        &mut self,
        key: &Arc<TokenKey>,
        open: Arc<OpenKey>,
        logins: u64,
    ) -> Option<Arc<OpenKey>> {
        if key.needs_password() && self.logins != logins {
            return None;
        }
        if let Some(known) = self.find(key) {
            return Some(known);
        }
        self.keys.insert(key.number(), (Arc::clone(key), Arc::clone(&open)));
        Some(open)
    }

    /// Removes a key. The caller drops it without a lock, because that uses the TPM.
    pub(super) fn remove(&mut self, number: u64) -> Option<Arc<OpenKey>> {
        self.keys.remove(&number).map(|(_, open)| open)
    }

    /// Removes the keys that a login or a logout concerns: all, or only those with a password.
    pub(super) fn note_login(&mut self, all: bool) -> Vec<Arc<OpenKey>> {
        self.logins = self.logins.wrapping_add(1);
        let (stay, go): (HashMap<_, _>, HashMap<_, _>) = std::mem::take(&mut self.keys)
            .into_iter()
            .partition(|(_, (key, _))| !all && !key.needs_password());
        self.keys = stay;
        go.into_values().map(|(_, open)| open).collect()
    }
}
