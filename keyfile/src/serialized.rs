//! A serialized object of tpm2-tss (Esys_TR_Serialize), as written by `tpm2_evictcontrol -o` and `tpm2_readpublic -t`.
//!
//! Layout: UINT32 handle, TPM2B_NAME, UINT32 type of the object; then TPM2B_PUBLIC for a key, TPM2B_NV_PUBLIC for an NV index.

use crate::wire::{Reader, Unmarshal, WireError};
use crate::{Handle, Name, NvPublic, Public};

/// The values of IESYSC_RESOURCE_TYPE.
const KEY: u32 = 1;
const NV: u32 = 2;

/// An object in the TPM, as such a file describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Serialized {
    /// A key.
    Key {
        /// The key's handle.
        handle: Handle,
        /// The key's public area.
        public: Box<Public>,
    },
    /// An NV index.
    Nv(NvPublic),
}

impl Serialized {
    /// Parses the contents of such a file.
    ///
    /// # Errors
    /// [`WireError`] if the file has another format or describes another kind of object, or if the Name does not match the public area.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WireError> {
        let mut r = Reader::new(bytes);
        let handle = Handle::unmarshal(&mut r)?;
        let name = Name::unmarshal(&mut r)?;
        let kind = r.u32()?;
        let (serialized, own) = match kind {
            KEY => {
                let public = Public::from_bytes(r.sized()?)?;
                let own = public.name()?;
                (Self::Key { handle, public: Box::new(public) }, own)
            }
            NV => {
                let public = NvPublic::from_bytes(r.sized()?)?;
                let own = public.name()?;
                (Self::Nv(public), own)
            }
            value => return Err(WireError::Unknown { what: "kind of serialized object", value }),
        };
        r.finish()?;
        if own != name {
            return Err(WireError::Unknown { what: "Name of this public area", value: handle.0 });
        }
        Ok(serialized)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HashAlg, NvAttributes, wire::Marshal, wire::Writer};

    /// Written by `tpm2_evictcontrol -o` of tpm2-tools 5.4.
    const KEY_FILE: &str = "810001010022000b040964b52924882efc62ed0e0f63c0118b1ec5a7d30b3b000d5ce3f3c0a5084f00000001\
        00560023000b0006007200000010001000030010\
        0020d2828d2da9ac617e13bdef0e73fde608f461eb6acfd2e23a372f62cc5e062f1d\
        0020c05dce665096b053ee734d29f2dfa7c01fac3f987eecfc0fc5caa0f2ff724449";

    #[test]
    fn file_from_tpm2_tools_is_read() {
        let bytes = hex::decode(KEY_FILE).unwrap();
        let Serialized::Key { handle, public } = Serialized::from_bytes(&bytes).unwrap() else {
            panic!("it is a key");
        };
        assert_eq!(handle, Handle(0x8100_0101));
        assert_eq!(public.name_alg, HashAlg::Sha256);
        for end in 0..bytes.len() {
            assert!(Serialized::from_bytes(&bytes[..end]).is_err(), "{end}");
        }
        let mut damaged = bytes;
        damaged[60] ^= 1;
        assert!(Serialized::from_bytes(&damaged).is_err(), "the Name is another");
    }

    #[test]
    fn nv_index_is_read() {
        let public = NvPublic {
            index: Handle(0x01c0_0002),
            name_alg: HashAlg::Sha256,
            attributes: NvAttributes::OWNER_READ,
            auth_policy: Vec::new(),
            size: 20,
        };
        let mut w = Writer::new();
        public.index.marshal(&mut w);
        public.name().unwrap().marshal(&mut w);
        w.u32(NV);
        w.sized_with(|w| public.marshal(w));
        assert_eq!(Serialized::from_bytes(&w.finish().unwrap()), Ok(Serialized::Nv(public)));
    }
}
