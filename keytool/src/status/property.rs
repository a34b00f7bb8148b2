//! TPM_PT: the properties of a TPM that this program reports (TPM 2.0 Part 2 §6.13).

/// PT_FIXED: properties that never change.
pub(crate) const FIRMWARE_VERSION_1: u32 = 0x10B;
pub(crate) const HR_TRANSIENT_MIN: u32 = 0x10E;
pub(crate) const ACTIVE_SESSIONS_MAX: u32 = 0x111;
pub(crate) const CONTEXT_GAP_MAX: u32 = 0x114;
/// PT_VAR: properties of the current state.
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
pub(crate) const PLATFORM_ENABLED: u32 = 1;
pub(crate) const OWNER_ENABLED: u32 = 1 << 1;
pub(crate) const ENDORSEMENT_ENABLED: u32 = 1 << 2;
