//! What this TPM can do, asked of it once and whole, or as far as a new key wants to know.

use std::collections::BTreeMap;

use keyfile::{AlgId, Curve, Handle, HashAlg, Public, PublicKey};

use crate::command::capability::{ALL, Capability, NV, PERSISTENT, capability, handles, has_rsa, pcr_banks};
use crate::command::startup::test_result;
use crate::connection::Connection;
use crate::error::Error;
use crate::rc::ResponseCode;
use crate::tpm::Tpm;

/// What this TPM can do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// Its algorithms.
    pub algorithms: Vec<AlgId>,
    /// Those of its hashes that are known here.
    pub hashes: Vec<HashAlg>,
    /// Its elliptic curves, by TPM_ECC_CURVE; those known here are in `curves`.
    pub curve_ids: Vec<u16>,
    /// Those of its curves that are known here.
    pub curves: Vec<Curve>,
    /// The sizes of its RSA keys in bits, among 1024, 2048, 3072 and 4096.
    pub rsa_bits: Vec<u16>,
    /// Its properties (TPM_PT): the fixed ones and those that change.
    pub properties: BTreeMap<u32, u32>,
    /// Its persistent objects.
    pub persistent: Vec<Handle>,
    /// Its NV indices.
    pub nv: Vec<Handle>,
    /// Sessions that somebody saved and may have forgotten.
    pub saved_sessions: Vec<Handle>,
    /// The hashes of the PCR banks in use.
    pub pcr_banks: Vec<AlgId>,
}

const RSA_SIZES: [u16; 4] = [1024, 2048, 3072, 4096];
/// PT_FIXED, PT_VAR, TPM_PT_MANUFACTURER, the first TPM_PT_VENDOR_STRING, TPM_PT_FIRMWARE_VERSION_1 (Part 2 §6.13).
const FIXED: u32 = 0x100;
const VARIABLE: u32 = 0x200;
const MANUFACTURER: u32 = 0x105;
const VENDOR_STRING: u32 = 0x106;
const FIRMWARE: u32 = 0x10b;

impl Capabilities {
    /// Who made it, as four letters.
    #[must_use]
    pub fn manufacturer(&self) -> String {
        self.text(MANUFACTURER, 1)
    }

    /// What its maker calls it.
    #[must_use]
    pub fn vendor_string(&self) -> String {
        self.text(VENDOR_STRING, 4)
    }

    /// Its firmware, such as `8215.1561.22.36`.
    #[must_use]
    pub fn firmware(&self) -> String {
        let parts = [FIRMWARE, FIRMWARE + 1].map(|id| {
            let version = self.properties.get(&id).copied().unwrap_or_default();
            format!("{}.{}", version >> 16, version & 0xffff)
        });
        parts.join(".")
    }

    /// The revision of the specification, such as 164 for 1.64.
    #[must_use]
    pub fn revision(&self) -> u32 {
        self.properties.get(&(FIXED + 2)).copied().unwrap_or_default()
    }

    fn text(&self, first: u32, count: u32) -> String {
        let octets = (0..count).filter_map(|at| self.properties.get(&first.saturating_add(at)));
        let octets: Vec<u8> =
            octets.flat_map(|value| value.to_be_bytes()).filter(|&octet| octet != 0).collect();
        String::from_utf8_lossy(&octets).trim().to_owned()
    }
}

impl Tpm {
    /// The algorithms, key sizes and properties of the TPM.
    ///
    /// # Errors
    /// There is no TPM.
    pub fn capabilities(&self) -> Result<Capabilities, Error> {
        self.operate(Connection::capabilities)
    }

    /// As much of them as tells whether this key can be made under this parent ([`Capabilities::check`],
    /// [`Parent::of_new_key`](crate::Parent::of_new_key)): a few commands instead of a dozen.
    ///
    /// # Errors
    /// There is no TPM.
    pub fn capabilities_for(&self, key: &Public, parent: Handle) -> Result<Capabilities, Error> {
        self.operate(|connection| connection.capabilities_for(key, parent))
    }

    /// Who made it and which firmware it has, and nothing else: what a TPM in failure mode tells, too (Part 3 §30.2).
    ///
    /// # Errors
    /// There is no TPM, or it does not even tell that.
    pub fn identity(&self) -> Result<Capabilities, Error> {
        self.operate(|connection| {
            let mut told = Capabilities::default();
            for id in MANUFACTURER..=FIRMWARE + 1 {
                told.properties
                    .extend(capability(connection, Capability::Properties, id, 1)?.into_iter().take(1));
            }
            Ok(told)
        })
    }

    /// What came of the TPM's self test: its response code, and what the maker says about it.
    ///
    /// # Errors
    /// There is no TPM.
    pub fn test_result(&self) -> Result<(ResponseCode, Vec<u8>), Error> {
        self.operate(|connection| test_result(connection).map(|(data, code)| (code, data)))
    }
}

impl Connection {
    /// Asks for everything, page by page.
    pub(crate) fn capabilities(&mut self) -> Result<Capabilities, Error> {
        let known = self.algorithms_and_curves()?;
        // A TPM ends its answer with the group, though it has more.
        let mut properties = capability(self, Capability::Properties, FIXED, ALL)?;
        properties.extend(capability(self, Capability::Properties, VARIABLE, ALL)?);
        Ok(Capabilities {
            rsa_bits: self.rsa_bits(&known)?,
            properties: properties.into_iter().collect(),
            persistent: handles(self, PERSISTENT)?,
            nv: handles(self, NV)?,
            // TPM_HT_SAVED_SESSION (Part 2 §7.2)
            saved_sessions: handles(self, 0x0300_0000)?,
            pcr_banks: pcr_banks(self)?,
            ..known
        })
    }

    fn capabilities_for(&mut self, key: &Public, parent: Handle) -> Result<Capabilities, Error> {
        let mut known = self.algorithms_and_curves()?;
        if let PublicKey::Rsa { bits, .. } = key.key {
            // What other sizes there are is told only to who asks for one that is not there.
            let may_be = known.algorithms.contains(&AlgId::RSA) && RSA_SIZES.contains(&bits);
            let is_there = may_be && has_rsa(self, bits)?;
            known.rsa_bits = if is_there { vec![bits] } else { self.rsa_bits(&known)? };
        }
        if parent.is_persistent() {
            known.persistent = handles(self, PERSISTENT)?;
        }
        Ok(known)
    }

    fn algorithms_and_curves(&mut self) -> Result<Capabilities, Error> {
        let short = |(id, _): (u32, u32)| u16::try_from(id).ok();
        let algorithms = capability(self, Capability::Algorithms, 0, ALL)?;
        let algorithms: Vec<AlgId> = algorithms.into_iter().filter_map(short).map(AlgId).collect();
        let curve_ids = capability(self, Capability::Curves, 0, ALL)?;
        let curve_ids: Vec<u16> = curve_ids.into_iter().filter_map(short).collect();
        Ok(Capabilities {
            hashes: HashAlg::ALL.into_iter().filter(|hash| algorithms.contains(&hash.id())).collect(),
            curves: curve_ids.iter().filter_map(|&id| Curve::from_id(id)).collect(),
            algorithms,
            curve_ids,
            ..Capabilities::default()
        })
    }

    fn rsa_bits(&mut self, known: &Capabilities) -> Result<Vec<u16>, Error> {
        let mut rsa_bits = Vec::new();
        if known.algorithms.contains(&AlgId::RSA) {
            for bits in RSA_SIZES {
                if has_rsa(self, bits)? {
                    rsa_bits.push(bits);
                }
            }
        }
        Ok(rsa_bits)
    }
}
