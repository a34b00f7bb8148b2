//! The TLS groups of EC keys: handed on from software, and spelled so that libssl's ephemeral keys are told from all others.
//!
//! A property query `?provider=tpm2` that a program has as its default makes every plain fetch ask for the TPM, those of libssl's
//! ephemeral keys too; and generation is never told who asks. But libssl names the group as this capability told it
//! (`tls-group-name-internal`), which nobody types as we spell it. OpenSSL's own key managements compare the names of curves without
//! regard to case, and so take them as well, should libssl's next fetch find one of them.

use std::ffi::{CStr, CString};

use crate::ffi::capability::Changes;
use crate::ffi::params::Params;

const NAME: &CStr = c"tls-group-name";
const INTERNAL: &CStr = c"tls-group-name-internal";

/// As what a group of software is handed on: not at all, or once or twice with other names.
pub(crate) fn handed_on(group: Params<'_>) -> Vec<Changes> {
    let text = |name| group.find(name).and_then(|param| param.text().ok());
    let (Some(name), Some(internal)) = (text(NAME), text(INTERNAL)) else { return Vec::new() };
    // libssl asks the provider of the key management, which is us for EC when we come first; OpenSSL 3.0 drops the groups of a
    // provider that says nothing.
    if text(c"tls-group-alg") != Some("EC") {
        return Vec::new();
    }
    let Ok(marked) = CString::new(marked(internal)) else { return Vec::new() };
    let mut all = vec![vec![(INTERNAL, marked.clone())]];
    // libssl finds a group by its internal name, too (`-groups prime256v1`): that one is another name then.
    if let Some(alias) = CString::new(internal).ok().filter(|_| internal != name) {
        all.push(vec![(NAME, alias), (INTERNAL, marked)]);
    }
    all
}

/// Whether libssl names a group in this way, and nobody else.
pub(crate) fn is_ephemeral(group: &str) -> bool {
    // The second half keeps the spellings of people away: p-256.
    marked(group) == group && group.bytes().filter(u8::is_ascii_uppercase).count() > 2
}

/// `prime256v1` as `pRIME256V1`.
fn marked(group: &str) -> String {
    let mut marked = group.to_ascii_uppercase();
    if let Some(first) = marked.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::params::ParamList;

    #[test]
    fn the_spelling_is_nobody_elses() {
        for group in ["prime256v1", "secp384r1", "secp521r1", "brainpoolP512r1"] {
            assert!(is_ephemeral(&marked(group)), "{group}");
        }
        for group in ["prime256v1", "PRIME256V1", "P-256", "p-256", "p256", "secp384r1", "SM2", "", "ä"] {
            assert!(!is_ephemeral(group), "{group}");
        }
    }

    #[test]
    fn groups_of_ec_keys_are_handed_on_under_every_name() {
        let group = |name: &str, internal: &str, algorithm: &str| {
            let mut list = ParamList::new();
            list.text(NAME, name).text(INTERNAL, internal).text(c"tls-group-alg", algorithm);
            handed_on(list.as_params())
        };
        let marked = (INTERNAL, c"pRIME256V1".to_owned());
        assert_eq!(
            group("secp256r1", "prime256v1", "EC"),
            [vec![marked.clone()], vec![(NAME, c"prime256v1".to_owned()), marked]]
        );
        assert_eq!(group("secp384r1", "secp384r1", "EC"), [vec![(INTERNAL, c"sECP384R1".to_owned())]]);
        assert!(group("x25519", "X25519", "X25519").is_empty());
    }
}
