//! PolicyCounterTimer: a comparison with TPMS_TIME_INFO (Part 2 §10.11.6).

use super::Comparison;
use crate::wire::{Reader, WireError, Writer};

/// The bytes of the TPM's time information from `offset` on, compared with `operand`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterTimer {
    /// Operand B.
    pub operand: Vec<u8>,
    /// Where operand A begins in TPMS_TIME_INFO.
    pub offset: u16,
    /// The comparison.
    pub operation: Comparison,
}

impl CounterTimer {
    /// Reads a body. Offset and operation come last, and operand B has no size: it is everything before them.
    pub(super) fn read(body: &[u8]) -> Result<Self, WireError> {
        let (operand, tail) =
            body.split_last_chunk::<4>().ok_or(WireError::Truncated { wanted: 4, left: body.len() })?;
        let mut r = Reader::new(tail);
        Ok(Self { operand: operand.to_vec(), offset: r.u16()?, operation: Comparison::from_id(r.u16()?)? })
    }

    /// Writes the body as in a file. The policy digest contains the hash of the same bytes.
    pub(super) fn body(&self, w: &mut Writer) {
        w.bytes(&self.operand);
        self.tail(w);
    }

    /// Writes the parameters of the command.
    pub(super) fn parameters(&self, w: &mut Writer) {
        w.sized(&self.operand);
        self.tail(w);
    }

    fn tail(&self, w: &mut Writer) {
        w.u16(self.offset);
        w.u16(self.operation.id());
    }

    /// Describes the comparison: `clock at offset 8 must be <= 60000`, or `… is not <= 60000`.
    pub(super) fn sentence(&self, refused: bool) -> String {
        let field = self.field().unwrap_or("time information");
        let verb = match (self.operation, refused) {
            (Comparison::BitsSet | Comparison::BitsClear, false) => "must have",
            (Comparison::BitsSet | Comparison::BitsClear, true) => "does not have",
            (_, false) => "must be",
            (_, true) => "is not",
        };
        format!("{field} at offset {} {verb} {} {}", self.offset, self.operation, self.value())
    }

    /// Returns operand B as a number if the field is a number.
    fn value(&self) -> String {
        let padding = vec![0; 8_usize.saturating_sub(self.operand.len())];
        match <[u8; 8]>::try_from([padding.as_slice(), &self.operand].concat()) {
            Ok(number) if self.field().is_some() => u64::from_be_bytes(number).to_string(),
            _ => format!("0x{}", super::sentence::hex(&self.operand)),
        }
    }

    /// Returns the name of the field at this offset with the size of the operand.
    fn field(&self) -> Option<&'static str> {
        match (self.offset, self.operand.len()) {
            (0, 8) => Some("time since start"),
            (8, 8) => Some("clock"),
            (16, 4) => Some("reset counter"),
            (20, 4) => Some("restart counter"),
            (24, 1) => Some("safe flag of the clock"),
            _ => None,
        }
    }
}
