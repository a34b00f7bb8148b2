//! The TLS groups of EC keys, copied from the software provider with a special spelling that identifies
//! libssl's ephemeral keys.
//!
//! If a program sets `?provider=tpm2` as its default property query, every plain fetch prefers the TPM, even
//! for libssl's ephemeral keys. Generation never learns who the caller is. But libssl passes on the group
//! name that this capability returns (`tls-group-name-internal`), and no person types it in this spelling.
//! OpenSSL's own key managements compare curve names without regard to case, so they accept the spelling too
//! if libssl's next fetch finds one of them.

use std::ffi::{CStr, CString};

use crate::ffi::capability::Changes;
use crate::ffi::params::Params;

const NAME: &CStr = c"tls-group-name";
const INTERNAL: &CStr = c"tls-group-name-internal";

/// Returns the names under which a software group is reported: an empty list, or one or two sets of changed
/// names.
pub(crate) fn reported_names(group: Params<'_>) -> Vec<Changes> {
    let text = |name| group.find(name).and_then(|param| param.text().ok());
    let (Some(name), Some(internal)) = (text(NAME), text(INTERNAL)) else { return Vec::new() };
    // libssl asks the provider of the key management, which is this provider for EC if it comes first.
    // OpenSSL 3.0 drops the groups of a provider that reports none.
    if text(c"tls-group-alg") != Some("EC") {
        return Vec::new();
    }
    let Ok(mixed_case) = CString::new(mixed_case(internal)) else { return Vec::new() };
    let mut all = vec![vec![(INTERNAL, mixed_case.clone())]];
    // libssl also finds a group by its internal name (`-groups prime256v1`), so that name is reported as
    // well.
    if let Some(alias) = CString::new(internal).ok().filter(|_| internal != name) {
        all.push(vec![(NAME, alias), (INTERNAL, mixed_case)]);
    }
    all
}

/// Returns true if only libssl spells a group name in this way.
pub(crate) fn is_ephemeral(group: &str) -> bool {
    // At least three upper-case letters: people do write `p-256`.
    mixed_case(group) == group && group.bytes().filter(u8::is_ascii_uppercase).count() > 2
}

/// Turns `prime256v1` into `pRIME256V1`.
fn mixed_case(group: &str) -> String {
    let mut mixed_case = group.to_ascii_uppercase();
    if let Some(first) = mixed_case.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    mixed_case
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::params::ParamList;

    #[test]
    fn only_libssl_uses_the_mixed_case_spelling() {
        for group in ["prime256v1", "secp384r1", "secp521r1", "brainpoolP512r1"] {
            assert!(is_ephemeral(&mixed_case(group)), "{group}");
        }
        for group in ["prime256v1", "PRIME256V1", "P-256", "p-256", "p256", "secp384r1", "SM2", "", "ä"] {
            assert!(!is_ephemeral(group), "{group}");
        }
    }

    #[test]
    fn groups_of_ec_keys_are_reported_under_every_name() {
        let group = |name: &str, internal: &str, algorithm: &str| {
            let mut list = ParamList::new();
            list.text(NAME, name).text(INTERNAL, internal).text(c"tls-group-alg", algorithm);
            reported_names(list.as_params())
        };
        let mixed_case = (INTERNAL, c"pRIME256V1".to_owned());
        assert_eq!(
            group("secp256r1", "prime256v1", "EC"),
            [vec![mixed_case.clone()], vec![(NAME, c"prime256v1".to_owned()), mixed_case]]
        );
        assert_eq!(group("secp384r1", "secp384r1", "EC"), [vec![(INTERNAL, c"sECP384R1".to_owned())]]);
        assert!(group("x25519", "X25519", "X25519").is_empty());
    }
}
