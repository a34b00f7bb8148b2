//! Reads what a TPM supports: everything, or as much as a new key needs.

use keyfile::{AlgId, Curve, Handle, HashAlg, Public, PublicKey};

use super::capabilities::{FIRMWARE, FIXED, MANUFACTURER, VARIABLE};
use super::{Capabilities, Tpm};
use crate::command::capability::{
    ALL, Capability, NV, PERSISTENT, capability, handles, has_curve, has_rsa, pcr_banks,
};
use crate::connection::Connection;
use crate::error::Error;

const CURVES: [Curve; 3] = [Curve::P256, Curve::P384, Curve::P521];
const RSA_SIZES: [u16; 4] = [1024, 2048, 3072, 4096];

impl Tpm {
    /// Returns the algorithms, key sizes and properties of the TPM.
    ///
    /// # Errors
    /// There is no TPM.
    pub fn capabilities(&self) -> Result<Capabilities, Error> {
        self.operate(|connection| {
            connection.open_if_pinned()?;
            connection.capabilities()
        })
    }

    /// Returns as much of them as [`Capabilities::check`] and [`Parent::for_new_key`](crate::Parent::for_new_key) need for this key
    /// and parent: a few commands instead of a dozen.
    ///
    /// # Errors
    /// There is no TPM.
    pub fn capabilities_for(&self, key: &Public, parent: Handle) -> Result<Capabilities, Error> {
        self.operate(|connection| {
            connection.open_if_pinned()?;
            connection.capabilities_for(key, parent)
        })
    }

    /// Returns the supported elliptic curves of the TPM.
    ///
    /// # Errors
    /// There is no TPM.
    pub fn curves(&self) -> Result<Vec<Curve>, Error> {
        self.operate(|connection| {
            connection.open_if_pinned()?;
            let algorithms = connection.algorithms()?;
            Ok(known_curves(&connection.curve_ids(&algorithms)?))
        })
    }

    /// Returns the manufacturer and the firmware version only. A TPM in failure mode reports them, too (Part 3 §30.2).
    ///
    /// # Errors
    /// There is no TPM, or it does not report even that.
    pub fn identity(&self) -> Result<Capabilities, Error> {
        self.operate(|connection| {
            let mut found = Capabilities::default();
            for id in MANUFACTURER..=FIRMWARE + 1 {
                found
                    .properties
                    .extend(capability(connection, Capability::Properties, id, 1)?.into_iter().take(1));
            }
            Ok(found)
        })
    }
}

impl Connection {
    /// Reads everything, page by page.
    pub(crate) fn capabilities(&mut self) -> Result<Capabilities, Error> {
        let known = self.algorithms_and_curves()?;
        // A TPM ends its answer with the property group, even if there are more.
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
            // The other sizes are needed only if this one is not supported.
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
        let algorithms = self.algorithms()?;
        let curve_ids = self.curve_ids(&algorithms)?;
        Ok(Capabilities {
            hashes: HashAlg::ALL.into_iter().filter(|hash| algorithms.contains(&hash.id())).collect(),
            curves: known_curves(&curve_ids),
            algorithms,
            curve_ids,
            ..Capabilities::default()
        })
    }

    fn algorithms(&mut self) -> Result<Vec<AlgId>, Error> {
        let algorithms = capability(self, Capability::Algorithms, 0, ALL)?;
        Ok(algorithms.into_iter().filter_map(short).map(AlgId).collect())
    }

    /// Returns its curves. Some firmware with ECC lists none; then the usual ones are tested.
    fn curve_ids(&mut self, algorithms: &[AlgId]) -> Result<Vec<u16>, Error> {
        let mut listed: Vec<u16> =
            capability(self, Capability::Curves, 0, ALL)?.into_iter().filter_map(short).collect();
        if listed.is_empty() && algorithms.contains(&AlgId::ECC) {
            for curve in CURVES {
                if has_curve(self, curve)? {
                    listed.push(curve.id());
                }
            }
        }
        Ok(listed)
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

fn short((id, _): (u32, u32)) -> Option<u16> {
    u16::try_from(id).ok()
}

fn known_curves(ids: &[u16]) -> Vec<Curve> {
    ids.iter().filter_map(|&id| Curve::from_id(id)).collect()
}
