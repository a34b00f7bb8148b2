//! TPML_PCR_SELECTION (Part 2 §10.9.7): PCRs, by bank.

use super::{AlgId, HashAlg, ParseError};
use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};
use std::{fmt, str::FromStr};

/// PCRs of any number of banks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PcrSelection {
    /// The banks, in the order of the wire.
    pub banks: Vec<PcrBank>,
}

/// PCRs of one bank (TPMS_PCR_SELECTION).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PcrBank {
    /// The bank's hash. A TPM may have banks that this crate cannot compute.
    pub hash: AlgId,
    /// The bit map, PCR 0 first. Its length is kept, because it is part of a policy digest.
    pub bitmap: Vec<u8>,
}

impl PcrBank {
    /// Returns a bit map of 24 PCRs, as PC-class TPMs have.
    #[must_use]
    pub fn new(hash: HashAlg, pcrs: impl IntoIterator<Item = u8>) -> Self {
        let mut bitmap = vec![0; 3];
        for pcr in pcrs {
            let at = usize::from(pcr / 8);
            if at >= bitmap.len() {
                bitmap.resize(at.saturating_add(1), 0);
            }
            if let Some(byte) = bitmap.get_mut(at) {
                *byte |= 1 << (pcr % 8);
            }
        }
        Self { hash: hash.id(), bitmap }
    }

    /// Returns the numbers of the PCRs, in order.
    pub fn pcrs(&self) -> impl Iterator<Item = usize> + '_ {
        self.bitmap.iter().enumerate().flat_map(|(at, byte)| {
            (0..8_usize)
                .filter(move |bit| byte >> bit & 1 == 1)
                .map(move |bit| at.saturating_mul(8).saturating_add(bit))
        })
    }

    /// Returns the usual name of the bank, such as `sha256`.
    #[must_use]
    pub fn bank_name(&self) -> String {
        HashAlg::from_id(self.hash).map_or_else(|| self.hash.to_string(), |hash| hash.name().to_owned())
    }
}

impl From<PcrBank> for PcrSelection {
    fn from(bank: PcrBank) -> Self {
        Self { banks: vec![bank] }
    }
}

impl fmt::Display for PcrSelection {
    /// `sha256:1,7+sha1:0`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let banks = self.banks.iter().map(|bank| {
            let pcrs: Vec<String> = bank.pcrs().map(|pcr| pcr.to_string()).collect();
            format!("{}:{}", bank.bank_name(), pcrs.join(","))
        });
        f.write_str(&banks.collect::<Vec<_>>().join("+"))
    }
}

impl FromStr for PcrSelection {
    type Err = ParseError;

    /// Parses `sha256:1,3-5`; several banks are joined by `+`; the default bank is sha256.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = || ParseError::new("PCR selection", text, "bank:list, such as sha256:1,3-5");
        let bank = |part: &str| {
            let (bank, list) = part.split_once(':').unwrap_or(("sha256", part));
            let hash = bank.trim().parse().map_err(|_| wrong())?;
            let mut pcrs = Vec::new();
            for item in list.split(',') {
                let (first, last) = item.split_once('-').unwrap_or((item, item));
                let number = |s: &str| s.trim().parse::<u8>().ok().filter(|pcr| *pcr < 32).ok_or_else(wrong);
                let (first, last) = (number(first)?, number(last)?);
                if first > last {
                    return Err(wrong());
                }
                pcrs.extend(first..=last);
            }
            Ok(PcrBank::new(hash, pcrs))
        };
        Ok(Self { banks: text.split('+').map(bank).collect::<Result<_, _>>()? })
    }
}

impl Marshal for PcrSelection {
    fn marshal(&self, w: &mut Writer) {
        w.count(self.banks.len());
        for bank in &self.banks {
            bank.hash.marshal(w);
            w.sized8(&bank.bitmap);
        }
    }
}

impl Unmarshal for PcrSelection {
    fn unmarshal(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let count = r.u32()?;
        Ok(Self { banks: (0..count).map(|_| PcrBank::unmarshal(r)).collect::<Result<_, _>>()? })
    }
}

impl Unmarshal for PcrBank {
    fn unmarshal(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let hash = AlgId::unmarshal(r)?;
        let size = r.u8()?;
        Ok(Self { hash, bitmap: r.take(usize::from(size))?.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_is_parsed_and_wire_form_is_canonical() {
        let selection: PcrSelection = "sha256:1,3-5+sha1:16".parse().unwrap();
        assert_eq!(hex::encode(selection.to_bytes().unwrap()), "00000002000b033a0000000403000001");
        assert_eq!(selection.to_string(), "sha256:1,3,4,5+sha1:16");
        assert_eq!("7".parse(), Ok(PcrSelection::from(PcrBank::new(HashAlg::Sha256, [7]))));
        for text in ["", "sha256:", "sha256:5-3", "md5:1", "sha256:32", "sha256:-1"] {
            assert!(text.parse::<PcrSelection>().is_err(), "{text}");
        }
    }

    #[test]
    fn bitmap_length_is_kept() {
        let bytes = hex::decode("00000002000b0200020012040000000180").unwrap();
        assert_eq!(PcrSelection::from_bytes(&bytes[..16]).unwrap().to_bytes().unwrap(), &bytes[..16]);
        assert_eq!(PcrSelection::from_bytes(&bytes), Err(WireError::Trailing { left: 1 }));
        assert!(PcrSelection::from_bytes(&[255, 255, 255, 255, 0, 11, 0]).is_err());
    }
}
