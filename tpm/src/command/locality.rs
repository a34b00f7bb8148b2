//! From which locality our commands come: only the creation data of an object says so (TPM 2.0 Part 2 §15.1).

use keyfile::wire::{Marshal, Reader, Unmarshal, Writer};
use keyfile::{Attributes, CommandCode, Handle, HashAlg, KeyedHashScheme, PcrSelection, Public, PublicKey};

use super::{Entity, flush};
use crate::error::Error;
use crate::link::{Guarded, Link, Protect};
use crate::places::STANDING;

impl Link {
    /// CreatePrimary of a sealed octet in the null hierarchy, and FlushContext: as TPMA_LOCALITY.
    pub(crate) fn locality(&mut self) -> Result<u8, Error> {
        let template = Public {
            name_alg: HashAlg::Sha256,
            attributes: Attributes::USER_WITH_AUTH | Attributes::NO_DA,
            auth_policy: Vec::new(),
            key: PublicKey::KeyedHash { scheme: KeyedHashScheme::Null, unique: Vec::new() },
        };
        let mut w = Writer::new();
        w.sized_with(|w| {
            w.sized(&[]);
            w.sized(&[0]);
        });
        w.sized_with(|w| template.marshal(w));
        w.sized(&[]);
        w.u32(0);
        let parameters = w.finish()?;
        self.make_room(STANDING - 1, &[])?;
        let hierarchy = Guarded { entity: Entity::plain(Handle::NULL), auth: &[] };
        let response =
            self.guarded_making(CommandCode::CREATE_PRIMARY, &hierarchy, &parameters, Protect::NONE)?;
        let (handle, locality) = (response.handle, of_creation(response.parameters));
        flush(self.transport(), handle)?;
        locality
    }
}

fn of_creation(parameters: &[u8]) -> Result<u8, Error> {
    let mut r = Reader::new(parameters);
    r.sized()?;
    let mut r = Reader::new(r.sized()?);
    PcrSelection::unmarshal(&mut r)?;
    r.sized()?;
    Ok(r.u8()?)
}
