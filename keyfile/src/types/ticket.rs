//! TPMT_TK_CREATION, TPMT_TK_VERIFIED, TPMT_TK_AUTH, TPMT_TK_HASHCHECK (Part 2 §10.7): one layout for all.

use super::Handle;
use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};

/// A proof that the TPM did something earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The structure tag, TPM_ST, which identifies the type of the ticket.
    pub tag: u16,
    /// The hierarchy of the proof.
    pub hierarchy: Handle,
    /// The HMAC; empty in the null ticket.
    pub digest: Vec<u8>,
}

impl Ticket {
    /// `TPM_ST_CREATION`
    pub const CREATION: u16 = 0x8021;
    /// `TPM_ST_VERIFIED`
    pub const VERIFIED: u16 = 0x8022;
    /// `TPM_ST_AUTH_SECRET`
    pub const AUTH_SECRET: u16 = 0x8023;
    /// `TPM_ST_HASHCHECK`
    pub const HASHCHECK: u16 = 0x8024;
    /// `TPM_ST_AUTH_SIGNED`
    pub const AUTH_SIGNED: u16 = 0x8025;

    /// Returns the null ticket, which proves nothing.
    #[must_use]
    pub const fn null(tag: u16) -> Self {
        Self { tag, hierarchy: Handle::NULL, digest: Vec::new() }
    }
}

impl Marshal for Ticket {
    fn marshal(&self, w: &mut Writer) {
        w.u16(self.tag);
        self.hierarchy.marshal(w);
        w.sized(&self.digest);
    }
}

impl Unmarshal for Ticket {
    fn unmarshal(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let tag = r.u16()?;
        if !(Self::CREATION..=Self::AUTH_SIGNED).contains(&tag) {
            return Err(WireError::Unknown { what: "ticket", value: u32::from(tag) });
        }
        Ok(Self { tag, hierarchy: Handle::unmarshal(r)?, digest: r.sized()?.to_vec() })
    }
}
