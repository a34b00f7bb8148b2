//! Joins certificates with keys, by their public keys.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::Contents;
use crate::certificate::Certificate;
use crate::file::{Found, Parsed};
use crate::key::TokenKey;

/// Returns the certificates of these files. A certificate of `before` that has not changed is used again.
pub(crate) fn certificates<'a>(
    files: impl IntoIterator<Item = (&'a Path, &'a Parsed)>,
    keys: &[Arc<TokenKey>],
    before: Option<&Contents>,
) -> Vec<Arc<Certificate>> {
    // The first of several keys with the same public key has the certificate.
    let by_public: HashMap<&[u8], &TokenKey> = keys.iter().rev().map(|key| (key.spki(), &**key)).collect();
    let old = before.map(|before| before.certificates.as_slice()).unwrap_or_default();
    let old: HashMap<u64, &Arc<Certificate>> = old.iter().map(|old| (old.number, old)).collect();
    let mut joined = Vec::new();
    for (path, parsed) in files {
        for (at, found) in parsed.certificates.iter().enumerate() {
            let key = by_public.get(found.spki.as_slice()).copied();
            let new = certificate(path, found, key, at == 0);
            joined.push(match old.get(&found.number) {
                Some(&old) if old.is_as(&new) => old.clone(),
                _ => Arc::new(new),
            });
        }
    }
    joined
}

fn certificate(path: &Path, found: &Found, key: Option<&TokenKey>, first: bool) -> Certificate {
    let named = || path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let label = found.label.clone().or_else(|| key.map(|key| key.label().to_owned())).unwrap_or_else(named);
    Certificate {
        number: found.number,
        id: key.map_or(found.id.as_slice(), TokenKey::id).to_vec(),
        label,
        der: found.der.clone(),
        parts: found.parts.clone(),
        path: path.to_owned(),
        first,
        has_key: key.is_some(),
    }
}

impl Certificate {
    fn is_as(&self, other: &Self) -> bool {
        (&self.id, &self.label, &self.path, self.first, self.has_key)
            == (&other.id, &other.label, &other.path, other.first, other.has_key)
    }
}
