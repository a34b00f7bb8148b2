//! The parent that was asked for: a persistent handle, or a hierarchy whose storage key is derived.

use std::str::FromStr;

use keyfile::Handle;

/// The value of --parent-handle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ParentHandle(pub(crate) Handle);

impl FromStr for ParentHandle {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let handle: Handle = text.parse().map_err(|error: keyfile::ParseError| error.to_string())?;
        if handle.is_persistent() || handle.is_hierarchy() {
            Ok(ParentHandle(handle))
        } else if handle.is_transient() {
            Err(format!(
                "{handle} is a transient handle, gone with the program that has it: make the key persistent (tpm2_evictcontrol), or name a hierarchy"
            ))
        } else {
            Err(format!(
                "no key can be made under {handle}: name a persistent handle (81……), or owner, null, endorsement, platform"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_are_persistent_handles_and_hierarchies() {
        for (text, handle) in [
            ("81000001", 0x8100_0001),
            ("0x8101ABCD", 0x8101_ABCD),
            ("owner", 0x4000_0001),
            ("null", 0x4000_0007),
            ("endorsement", 0x4000_000B),
            ("platform", 0x4000_000C),
            ("40000001", 0x4000_0001),
        ] {
            assert_eq!(text.parse(), Ok(ParentHandle(Handle(handle))), "{text}");
        }
    }

    #[test]
    fn other_handles_are_refused() {
        for text in ["80000000", "01c00002", "lockout", "4000000a", "owners", "", "+81000001", "8100000100"] {
            assert!(text.parse::<ParentHandle>().is_err(), "{text}");
        }
    }
}
