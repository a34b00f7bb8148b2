//! TPMS_ATTEST with TPMS_CERTIFY_INFO (Part 2 §10.12): the structure that a TPM signs when it certifies one of its objects.

use super::Name;
use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};

/// The statement of TPM2_Certify: the TPM of the signing key contains an object with this Name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certification {
    /// The qualified Name of the signing key.
    pub qualified_signer: Name,
    /// The caller's nonce (qualifyingData), which prevents replay.
    pub extra_data: Vec<u8>,
    /// How long the TPM has been on since it was last cleared, in milliseconds.
    pub clock: u64,
    /// How often the TPM has been reset since it was last cleared.
    pub reset_count: u32,
    /// How often the TPM has been restarted or resumed since the last reset.
    pub restart_count: u32,
    /// True if `clock` has never had a greater value.
    pub safe: bool,
    /// The firmware version, as the vendor counts.
    pub firmware_version: u64,
    /// The Name of the certified object.
    pub name: Name,
    /// The qualified Name of the certified object, which includes its hierarchy.
    pub qualified_name: Name,
}

impl Certification {
    /// TPM_GENERATED_VALUE: only the TPM itself can make a restricted key sign it (Part 2 §6.2).
    pub const MAGIC: u32 = 0xff54_4347;
    /// TPM_ST_ATTEST_CERTIFY (Part 2 §6.9).
    pub const TAG: u16 = 0x8017;
}

impl Marshal for Certification {
    fn marshal(&self, w: &mut Writer) {
        w.u32(Self::MAGIC);
        w.u16(Self::TAG);
        self.qualified_signer.marshal(w);
        w.sized(&self.extra_data);
        w.u64(self.clock);
        w.u32(self.reset_count);
        w.u32(self.restart_count);
        w.u8(u8::from(self.safe));
        w.u64(self.firmware_version);
        self.name.marshal(w);
        self.qualified_name.marshal(w);
    }
}

impl Unmarshal for Certification {
    fn unmarshal(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let magic = r.u32()?;
        if magic != Self::MAGIC {
            return Err(WireError::Unknown {
                what: "mark of a structure from a TPM (TPM_GENERATED_VALUE)",
                value: magic,
            });
        }
        let tag = r.u16()?;
        if tag != Self::TAG {
            return Err(WireError::Unknown { what: "certification", value: u32::from(tag) });
        }
        Ok(Self {
            qualified_signer: Name::unmarshal(r)?,
            extra_data: r.sized()?.to_vec(),
            clock: r.u64()?,
            reset_count: r.u32()?,
            restart_count: r.u32()?,
            safe: r.u8()? != 0,
            firmware_version: r.u64()?,
            name: Name::unmarshal(r)?,
            qualified_name: Name::unmarshal(r)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Handle, HashAlg};

    fn sample() -> Certification {
        let name = Name::of(HashAlg::Sha256, b"public area");
        Certification {
            qualified_signer: Name::of(HashAlg::Sha384, b"signer"),
            extra_data: vec![7; 32],
            clock: 1 << 40,
            reset_count: 2,
            restart_count: 3,
            safe: true,
            firmware_version: 4,
            qualified_name: name.qualified(&Handle::NULL.into()).unwrap(),
            name,
        }
    }

    #[test]
    fn written_certification_is_read_back_unless_cut_off() {
        let bytes = sample().to_bytes().unwrap();
        assert_eq!(Certification::from_bytes(&bytes), Ok(sample()));
        for length in 0..bytes.len() {
            assert!(Certification::from_bytes(&bytes[..length]).is_err(), "{length}");
        }
        assert!(Certification::from_bytes(&[bytes, vec![0]].concat()).is_err());
    }

    #[test]
    fn another_structure_is_rejected() {
        // The first bytes of the mark, and a quote (TPM_ST_ATTEST_QUOTE).
        for (at, value) in [(0, 0xfe), (3, 0x48), (4, 0x00), (5, 0x18)] {
            let mut bytes = sample().to_bytes().unwrap();
            bytes[at] = value;
            assert!(matches!(Certification::from_bytes(&bytes), Err(WireError::Unknown { .. })), "{at}");
        }
    }

    #[test]
    fn qualified_name_depends_on_the_hierarchy() {
        let name = Name::of(HashAlg::Sha256, b"public area");
        let expected = Name::of(HashAlg::Sha256, &[&[0x40, 0, 0, 7][..], name.as_bytes()].concat());
        assert_eq!(name.qualified(&Handle::NULL.into()), Some(expected.clone()));
        assert_ne!(name.qualified(&Handle::OWNER.into()), Some(expected));
        assert_eq!(Name::from(Handle::OWNER).qualified(&Handle::NULL.into()), None);
        assert_eq!(Name::default().qualified(&Handle::NULL.into()), None);
    }
}
