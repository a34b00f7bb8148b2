//! Parses the parameters of a command from the front.
use crate::raw::{self, command_parameters, u32_at};

/// The rest of a command's parameters. Missing bytes read as zero.
pub(crate) struct Parameters<'a>(&'a [u8]);

impl<'a> Parameters<'a> {
    /// Returns the parameters of a command.
    pub(crate) fn of(command: &'a [u8]) -> Self {
        Self(command_parameters(command))
    }

    /// Reads one byte.
    pub(crate) fn u8(&mut self) -> u8 {
        let number = self.0.first().copied().unwrap_or_default();
        self.0 = self.0.get(1..).unwrap_or_default();
        number
    }

    /// Reads a two-byte number.
    pub(crate) fn u16(&mut self) -> u16 {
        let number = self.0.get(..2).map_or(0, |two| u16::from_be_bytes([two[0], two[1]]));
        self.0 = self.0.get(2..).unwrap_or_default();
        number
    }

    /// Reads a four-byte number.
    pub(crate) fn u32(&mut self) -> u32 {
        let number = u32_at(self.0, 0);
        self.0 = self.0.get(4..).unwrap_or_default();
        number
    }

    /// Reads a TPM2B.
    pub(crate) fn sized(&mut self) -> Parameters<'a> {
        let size = usize::from(self.u16()).min(self.0.len());
        let (whole, rest) = self.0.split_at(size);
        self.0 = rest;
        Self(whole)
    }

    /// Reads the fields of a TPMT_PUBLIC (Part 2 §12.2.4) in which chips differ.
    pub(crate) fn public(&mut self) -> Asked {
        let (kind, name_alg, attributes) = (self.u16(), self.u16(), self.u32());
        self.sized();
        Asked { name_alg, attributes, ..self.parms(kind) }
    }

    /// Reads a TPMT_PUBLIC_PARMS (Part 2 §12.2.3.8), which has only the parameters.
    pub(crate) fn public_parms(&mut self) -> Asked {
        let kind = self.u16();
        self.parms(kind)
    }

    fn parms(&mut self, kind: u16) -> Asked {
        let mut asked = Asked { kind, ..Asked::default() };
        if kind != raw::RSA && kind != raw::ECC {
            return asked;
        }
        asked.symmetric = self.u16();
        if asked.symmetric != raw::ALG_NULL {
            asked.symmetric_bits = self.u16();
            self.u16();
        }
        asked.scheme = self.u16();
        if asked.scheme != raw::ALG_NULL && asked.scheme != raw::RSAES {
            asked.scheme_hash = self.u16();
        }
        // The size of an RSA key in bits, or the curve.
        asked.size = self.u16();
        asked
    }
}

impl<'a> From<&'a [u8]> for Parameters<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

/// The contents of a template or a public area.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) kind: u16,
    pub(crate) name_alg: u16,
    pub(crate) attributes: u32,
    pub(crate) symmetric: u16,
    pub(crate) symmetric_bits: u16,
    pub(crate) scheme: u16,
    pub(crate) scheme_hash: u16,
    pub(crate) size: u16,
}

impl Asked {
    /// Returns the public area that a command creates, loads or tests.
    pub(crate) fn by(command: &[u8]) -> Option<Self> {
        let mut parameters = Parameters::of(command);
        match raw::code(command) {
            // The private part comes first; in IMPORT, the key of the inner wrapper.
            raw::CREATE
            | raw::CREATE_PRIMARY
            | raw::CREATE_LOADED
            | raw::LOAD
            | raw::LOAD_EXTERNAL
            | raw::IMPORT => {
                parameters.sized();
            }
            raw::TEST_PARMS => return Some(parameters.public_parms()),
            _ => return None,
        }
        Some(parameters.sized().public())
    }
}
