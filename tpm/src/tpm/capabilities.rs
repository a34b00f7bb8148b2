//! What a TPM supports.

use std::collections::BTreeMap;

use keyfile::{AlgId, Curve, Handle, HashAlg};

/// What this TPM supports.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// Its algorithms.
    pub algorithms: Vec<AlgId>,
    /// Those of its hashes that this crate supports.
    pub hashes: Vec<HashAlg>,
    /// Its elliptic curves, by TPM_ECC_CURVE; `curves` contains those that this crate supports.
    pub curve_ids: Vec<u16>,
    /// Those of its curves that this crate supports.
    pub curves: Vec<Curve>,
    /// The sizes of its RSA keys in bits, among 1024, 2048, 3072 and 4096.
    pub rsa_bits: Vec<u16>,
    /// Its properties (TPM_PT), the fixed and the variable ones.
    pub properties: BTreeMap<u32, u32>,
    /// Its persistent objects.
    pub persistent: Vec<Handle>,
    /// Its NV indexes.
    pub nv: Vec<Handle>,
    /// Sessions that a program has saved and may have forgotten.
    pub saved_sessions: Vec<Handle>,
    /// The hashes of the PCR banks in use.
    pub pcr_banks: Vec<AlgId>,
}

/// PT_FIXED, PT_VAR, TPM_PT_MANUFACTURER, the first TPM_PT_VENDOR_STRING, TPM_PT_FIRMWARE_VERSION_1 (Part 2 §6.13).
pub(super) const FIXED: u32 = 0x100;
pub(super) const VARIABLE: u32 = 0x200;
pub(super) const MANUFACTURER: u32 = 0x105;
const VENDOR_STRING: u32 = 0x106;
pub(super) const FIRMWARE: u32 = 0x10b;

impl Capabilities {
    /// Returns the manufacturer as four letters.
    #[must_use]
    pub fn manufacturer(&self) -> String {
        self.text(MANUFACTURER, 1)
    }

    /// Returns the manufacturer's name for the TPM.
    #[must_use]
    pub fn vendor_string(&self) -> String {
        self.text(VENDOR_STRING, 4)
    }

    /// Returns its firmware version, such as `8215.1561.22.36`.
    #[must_use]
    pub fn firmware(&self) -> String {
        let parts = [FIRMWARE, FIRMWARE + 1].map(|id| {
            let version = self.properties.get(&id).copied().unwrap_or_default();
            format!("{}.{}", version >> 16, version & 0xffff)
        });
        parts.join(".")
    }

    /// Returns the revision of the specification, such as 164 for 1.64.
    #[must_use]
    pub fn revision(&self) -> u32 {
        self.properties.get(&(FIXED + 2)).copied().unwrap_or_default()
    }

    fn text(&self, first: u32, count: u32) -> String {
        let bytes = (0..count).filter_map(|at| self.properties.get(&first.saturating_add(at)));
        let bytes: Vec<u8> = bytes.flat_map(|value| value.to_be_bytes()).filter(|&byte| byte != 0).collect();
        String::from_utf8_lossy(&bytes).trim().to_owned()
    }
}
