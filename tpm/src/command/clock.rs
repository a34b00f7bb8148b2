//! What time the TPM thinks it is (TPM 2.0 Part 1 §36; TPMS_TIME_INFO, Part 2 §10.11.6).

/// Time, clock and counters of a TPM. A PolicyCounterTimer compares octets of this structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeInfo {
    /// Milliseconds since the TPM got power.
    pub time: u64,
    /// Milliseconds that it has had power in its life; the owner may set it forward.
    pub clock: u64,
    /// Resets since the last TPM2_Clear.
    pub reset_count: u32,
    /// Restarts and resumes since the last reset.
    pub restart_count: u32,
    /// Whether `clock` was never set back by a loss of power.
    pub safe: bool,
}
