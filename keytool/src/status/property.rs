//! TPM_PT: the properties that a TPM tells of itself (TPM 2.0 Part 2 §6.13), as far as they are told here.

use std::collections::BTreeMap;

/// PT_FIXED: what never changes.
pub(crate) const FAMILY: u32 = 0x100;
pub(crate) const REVISION: u32 = 0x102;
pub(crate) const MANUFACTURER: u32 = 0x105;
pub(crate) const VENDOR_STRINGS: std::ops::RangeInclusive<u32> = 0x106..=0x109;
pub(crate) const FIRMWARE_VERSION_1: u32 = 0x10B;
pub(crate) const FIRMWARE_VERSION_2: u32 = 0x10C;
pub(crate) const HR_TRANSIENT_MIN: u32 = 0x10E;
pub(crate) const ACTIVE_SESSIONS_MAX: u32 = 0x111;
pub(crate) const CONTEXT_GAP_MAX: u32 = 0x114;
/// PT_VAR: how it is now.
pub(crate) const PERMANENT: u32 = 0x200;
pub(crate) const STARTUP_CLEAR: u32 = 0x201;
pub(crate) const HR_LOADED_AVAIL: u32 = 0x204;
pub(crate) const HR_ACTIVE: u32 = 0x205;
pub(crate) const HR_TRANSIENT_AVAIL: u32 = 0x207;
pub(crate) const HR_PERSISTENT_AVAIL: u32 = 0x209;
pub(crate) const LOCKOUT_COUNTER: u32 = 0x20E;
pub(crate) const MAX_AUTH_FAIL: u32 = 0x20F;
pub(crate) const LOCKOUT_INTERVAL: u32 = 0x210;
pub(crate) const LOCKOUT_RECOVERY: u32 = 0x211;

/// TPMA_PERMANENT (Part 2 §8.6).
pub(crate) const OWNER_AUTH_SET: u32 = 1;
pub(crate) const ENDORSEMENT_AUTH_SET: u32 = 1 << 1;
pub(crate) const LOCKOUT_AUTH_SET: u32 = 1 << 2;
pub(crate) const IN_LOCKOUT: u32 = 1 << 9;
/// TPMA_STARTUP_CLEAR (Part 2 §8.7).
pub(crate) const OWNER_ENABLED: u32 = 1 << 1;

/// The properties by their number.
#[derive(Default)]
pub(crate) struct Properties(pub(crate) BTreeMap<u32, u32>);

impl Properties {
    /// One of them; a TPM may leave some out.
    pub(crate) fn value(&self, property: u32) -> Option<u32> {
        self.0.get(&property).copied()
    }

    /// Whether a bit of one is set; none if the TPM does not tell.
    pub(crate) fn flag(&self, property: u32, bit: u32) -> Option<bool> {
        self.value(property).map(|value| value & bit != 0)
    }

    /// Four characters each, as the TPM packs its names.
    pub(crate) fn text(&self, properties: impl IntoIterator<Item = u32>) -> String {
        let octets =
            properties.into_iter().filter_map(|property| self.value(property)).flat_map(u32::to_be_bytes);
        let text: String = octets.map(char::from).filter(|c| c.is_ascii_graphic() || *c == ' ').collect();
        text.trim().to_owned()
    }
}
