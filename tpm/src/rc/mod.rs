//! Response codes as text: what the TPM, or a layer above it, answered (TPM 2.0 Library Part 2 §6.6, TSS 2.0 Overview §4).

mod layer;
#[cfg(test)]
mod oracle;
mod table;

use std::fmt;

pub use layer::Layer;

/// A response code as it was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResponseCode(pub u32);

/// The part of the command that a code names, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// This handle; 0 if the TPM does not give the number.
    Handle(u8),
    /// This session; 0 if the TPM does not give the number.
    Session(u8),
    /// This parameter; 0 if the TPM does not give the number.
    Parameter(u8),
}

/// Bits of Part 2 §6.6.2, figures 2 and 3.
const FORMAT_1: u32 = 1 << 7;
const PARAMETER: u32 = 1 << 6;
const SESSION: u32 = 1 << 11;
const VERSION_2: u32 = 1 << 8;
const VENDOR: u32 = 1 << 10;

impl ResponseCode {
    /// Returns true for success.
    #[must_use]
    pub fn is_success(self) -> bool {
        self == Self::SUCCESS
    }

    /// Returns the layer that answered.
    #[must_use]
    pub fn layer(self) -> Layer {
        Layer::of(self.0)
    }

    /// Returns the code without the part and without the layer of a resource manager, to compare with [`ResponseCode::AUTH_FAIL`] and
    /// the like. Codes of other layers are unchanged.
    #[must_use]
    pub fn base(self) -> Self {
        match self.from_tpm() {
            Some(code) if code & FORMAT_1 != 0 => Self(code & (FORMAT_1 | 0x3f)),
            Some(code) => Self(code),
            None => self,
        }
    }

    /// Returns true if the same command may be sent again after a pause.
    #[must_use]
    pub fn is_busy(self) -> bool {
        matches!(self.base(), Self::YIELDED | Self::TESTING | Self::NV_RATE | Self::RETRY)
    }

    /// Returns true if the command names an object or session that is not in the TPM (any more).
    #[must_use]
    pub fn is_lost_reference(self) -> bool {
        matches!(self.base().0, 0x910..=0x91e)
    }

    /// Returns true if the code is about a handle, a session or a parameter, and not about the state of the TPM.
    #[must_use]
    pub fn is_about_a_part(self) -> bool {
        self.part().is_some()
    }

    /// Returns the part of the command that the code names; None if it is about the whole command.
    #[must_use]
    pub fn part(self) -> Option<Part> {
        let code = self.from_tpm().filter(|code| code & FORMAT_1 != 0)?;
        let [.., high, _] = code.to_be_bytes();
        Some(if code & PARAMETER != 0 {
            Part::Parameter(high & 0x0f)
        } else if code & SESSION != 0 {
            Part::Session(high & 0x07)
        } else {
            Part::Handle(high & 0x07)
        })
    }

    /// Returns its symbolic name, such as `TPM_RC_LOCKOUT` or `TSS2_TCTI_RC_IO_ERROR`, if it has one.
    #[must_use]
    pub fn name(self) -> Option<String> {
        if self.from_tpm().is_some() {
            return self.row().map(|row| row.name.to_owned());
        }
        let (layer, (_, name, _)) = (self.layer().short_name()?, self.layer_row()?);
        Some(format!("TSS2_{layer}_RC_{name}"))
    }

    /// Returns its meaning, as a sentence without full stop.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self.from_tpm() {
            Some(code) => match self.row() {
                Some(row) => row.meaning,
                None if code & FORMAT_1 != 0 => "no meaning is specified for it",
                None if code & VERSION_2 == 0 => "a code of TPM 1.2; a TPM 2.0 is needed",
                None if code & VENDOR != 0 => "the manufacturer of the TPM defines its meaning",
                None => "no meaning is specified for it",
            },
            None => self.layer_row().map_or("no meaning is specified for it", |(_, _, meaning)| meaning),
        }
    }

    /// Returns the code without layer if it can come from a TPM. Resource managers pass on some of the TPM's codes as theirs or
    /// generate them, and use different layers for that. Such codes have one of two bits that the layers' own codes never have.
    #[expect(clippy::wrong_self_convention, reason = "`from` is where the code comes from, no conversion")]
    fn from_tpm(self) -> Option<u32> {
        let code = self.0 & 0xffff;
        match self.layer() {
            Layer::Tpm => Some(code),
            Layer::ResourceManager if code & (FORMAT_1 | VERSION_2) != 0 => Some(code),
            _ => None,
        }
    }

    fn row(self) -> Option<&'static table::Row> {
        let base = self.base();
        table::TABLE.iter().find(|row| row.code == base.0)
    }

    fn layer_row(self) -> Option<&'static (u32, &'static str, &'static str)> {
        self.layer().short_name()?;
        layer::BASE.iter().find(|(code, ..)| *code == self.0 & 0xffff)
    }
}

impl fmt::Display for ResponseCode {
    /// Writes for example `TPM_RC_VALUE (0x2c4, parameter 2): the value is out of range or does not fit here`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({:#x}", self.0)?,
            None => write!(f, "unknown response code ({:#x}", self.0)?,
        }
        match self.part() {
            None | Some(Part::Handle(0) | Part::Session(0) | Part::Parameter(0)) => {}
            Some(Part::Handle(n)) => write!(f, ", handle {n}")?,
            Some(Part::Session(n)) => write!(f, ", session {n}")?,
            Some(Part::Parameter(n)) => write!(f, ", parameter {n}")?,
        }
        if self.layer() != Layer::Tpm {
            write!(f, ", from {}", self.layer())?;
        }
        write!(f, "): {}", self.meaning())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_codes_and_lost_references_are_recognized() {
        assert!(ResponseCode(0x922).is_busy() && ResponseCode(0xb0908).is_busy());
        assert!(!ResponseCode(0x921).is_busy() && !ResponseCode(0xa0922).is_busy());
        assert!(ResponseCode(0x910).is_lost_reference() && ResponseCode(0xb091e).is_lost_reference());
        assert!(!ResponseCode(0x920).is_lost_reference() && !ResponseCode(0xa000a).is_lost_reference());
    }

    #[test]
    fn a_code_is_displayed_with_name_part_layer_and_meaning() {
        for (code, text) in [
            (0x1c4, "TPM_RC_VALUE (0x1c4, parameter 1): the value is out of range or does not fit here"),
            (
                0x9a2,
                "TPM_RC_BAD_AUTH (0x9a2, session 1): the password is wrong; the failure is not counted towards a lockout",
            ),
            (0x28b, "TPM_RC_HANDLE (0x28b, handle 2): the handle names nothing that fits here"),
            (0x084, "TPM_RC_VALUE (0x84): the value is out of range or does not fit here"),
            (
                0xb0143,
                "TPM_RC_COMMAND_CODE (0xb0143, from the resource manager): this TPM does not have the command",
            ),
            (
                0xc0902,
                "TPM_RC_OBJECT_MEMORY (0xc0902, from the resource manager): all slots for loaded objects are in use, possibly by another process",
            ),
            (
                0xc000b,
                "TSS2_RESMGR_RC_BAD_VALUE (0xc000b, from the resource manager): a value is wrong, such as a part of the TCTI string",
            ),
            (
                0xa000a,
                "TSS2_TCTI_RC_IO_ERROR (0xa000a, from the TCTI): reading or writing failed: the TPM, its device or its server is gone or refuses",
            ),
            (0x026, "unknown response code (0x26): a code of TPM 1.2; a TPM 2.0 is needed"),
            (0x501, "unknown response code (0x501): the manufacturer of the TPM defines its meaning"),
            (0x0d0001, "unknown response code (0xd0001, from layer 13): no meaning is specified for it"),
            (
                0xffff_ffff,
                "unknown response code (0xffffffff, from layer 255): no meaning is specified for it",
            ),
        ] {
            assert_eq!(ResponseCode(code).to_string(), text);
        }
        assert!(
            ResponseCode(0x921)
                .to_string()
                .starts_with("TPM_RC_LOCKOUT (0x921): the TPM is in DA lockout mode")
        );
    }

    #[test]
    fn base_removes_part_and_resource_manager_layer() {
        for code in [0x98e, 0x18e, 0x08e, 0xb098e] {
            assert_eq!(ResponseCode(code).base(), ResponseCode::AUTH_FAIL);
        }
        assert_eq!(ResponseCode(0xb0902).base(), ResponseCode::OBJECT_MEMORY);
        assert_eq!(ResponseCode(0xa000a).base(), ResponseCode(0xa000a));
        assert_eq!(ResponseCode(0x1df).base(), ResponseCode::INTEGRITY);
        assert!(!ResponseCode(0xa0000).is_success());
    }
}
