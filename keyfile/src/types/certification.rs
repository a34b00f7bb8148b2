//! TPMS_ATTEST with TPMS_CERTIFY_INFO (Part 2 §10.12): what a TPM signs when it certifies one of its objects.

use super::Name;
use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};

/// The statement of TPM2_Certify: an object with this Name is loaded in the TPM of the key that signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certification {
    /// The qualified Name of the key that signs.
    pub qualified_signer: Name,
    /// What the asker gave along, so that no answer of old can be passed off as this one.
    pub extra_data: Vec<u8>,
    /// Milliseconds that the TPM was on since it was last cleared.
    pub clock: u64,
    /// Resets of the TPM since it was last cleared.
    pub reset_count: u32,
    /// Restarts and resumes since the last reset.
    pub restart_count: u32,
    /// Whether `clock` never had a greater value before.
    pub safe: bool,
    /// The firmware, as its maker counts.
    pub firmware_version: u64,
    /// The Name of the certified object.
    pub name: Name,
    /// Its qualified Name, in which the hierarchy is.
    pub qualified_name: Name,
}

impl Certification {
    /// TPM_GENERATED_VALUE: what nobody but the TPM itself can have a restricted key sign (Part 2 §6.2).
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
            return Err(WireError::Unknown { what: "mark of what a TPM itself says", value: magic });
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
    fn it_is_read_as_it_is_written_and_whole_only() {
        let bytes = sample().to_bytes().unwrap();
        assert_eq!(Certification::from_bytes(&bytes), Ok(sample()));
        for length in 0..bytes.len() {
            assert!(Certification::from_bytes(&bytes[..length]).is_err(), "{length}");
        }
        assert!(Certification::from_bytes(&[bytes, vec![0]].concat()).is_err());
    }

    #[test]
    fn another_structure_is_no_certification() {
        // The first bytes of the mark, and a quote (TPM_ST_ATTEST_QUOTE).
        for (at, value) in [(0, 0xfe), (3, 0x48), (4, 0x00), (5, 0x18)] {
            let mut bytes = sample().to_bytes().unwrap();
            bytes[at] = value;
            assert!(matches!(Certification::from_bytes(&bytes), Err(WireError::Unknown { .. })), "{at}");
        }
    }

    #[test]
    fn a_qualified_name_has_the_hierarchy_in_it() {
        let name = Name::of(HashAlg::Sha256, b"public area");
        let expected = Name::of(HashAlg::Sha256, &[&[0x40, 0, 0, 7][..], name.as_bytes()].concat());
        assert_eq!(name.qualified(&Handle::NULL.into()), Some(expected.clone()));
        assert_ne!(name.qualified(&Handle::OWNER.into()), Some(expected));
        assert_eq!(Name::from(Handle::OWNER).qualified(&Handle::NULL.into()), None);
        assert_eq!(Name::default().qualified(&Handle::NULL.into()), None);
    }
}
