//! CreatePrimary, Create, Load, Import, ReadPublic (TPM 2.0 Part 3 §24.1, §12, §13.3).

use keyfile::wire::{Marshal, Reader, Unmarshal, Writer};
use keyfile::{AlgId, CommandCode, Handle, Name, Public};
use zeroize::Zeroizing;

use super::{Command, Entity};
use crate::command::{Guarded, Protect};
use crate::connection::Connection;
use crate::crypto::wrap::Duplicate;
use crate::error::{Error, ErrorKind};

/// A primary key, loaded.
pub(crate) struct Primary {
    pub(crate) handle: Handle,
    pub(crate) public: Public,
    pub(crate) name: Name,
}

/// An object, loaded; the Name is the TPM's word.
pub(crate) struct Loaded {
    pub(crate) handle: Handle,
    pub(crate) name: Name,
}

/// A new key: its public area, and its private one as the parent wrapped it.
pub(crate) struct Creation {
    pub(crate) public: Public,
    pub(crate) private: Vec<u8>,
}

impl Connection {
    /// CreatePrimary: the key that this template always gives in this hierarchy.
    pub(crate) fn create_primary(
        &mut self,
        hierarchy: &Guarded<'_>,
        template: &Public,
        protect: Protect,
    ) -> Result<Primary, Error> {
        let parameters = creation(template, &[], &[])?;
        let response =
            self.guarded_making(CommandCode::CREATE_PRIMARY, hierarchy, &parameters, protect.decrypted())?;
        let mut r = Reader::new(response.parameters);
        let public = Public::from_octets(r.sized()?)?;
        r.sized()?;
        r.sized()?;
        keyfile::Ticket::unmarshal(&mut r)?;
        let name = Name::unmarshal(&mut r)?;
        r.finish()?;
        let handle = response.handle;
        // An answer outside of a session is nobody's word: at least it must agree with itself.
        same(&public.name()?, &name).map_err(|error| error.on(handle))?;
        Ok(Primary { handle, public, name })
    }

    /// Create: a new key under a parent; or data that the TPM is to keep.
    pub(crate) fn create(
        &mut self,
        parent: &Guarded<'_>,
        template: &Public,
        auth: &[u8],
        data: &[u8],
        protect: Protect,
    ) -> Result<Creation, Error> {
        let parameters = creation(template, auth, data)?;
        let response = self.guarded(CommandCode::CREATE, parent, &parameters, protect.decrypted())?;
        let mut r = Reader::new(response);
        let private = r.sized()?.to_vec();
        let public = Public::from_octets(r.sized()?)?;
        Ok(Creation { public, private })
    }

    /// Load: an object under its parent.
    pub(crate) fn load(
        &mut self,
        parent: &Guarded<'_>,
        private: &[u8],
        public: &Public,
        protect: Protect,
    ) -> Result<Loaded, Error> {
        let mut w = Writer::new();
        w.sized(private);
        w.sized_with(|w| public.marshal(w));
        let parameters = w.finish()?;
        // The blob is wrapped already, so the session need not encrypt it.
        let response = self.guarded_making(CommandCode::LOAD, parent, &parameters, protect)?;
        let mut r = Reader::new(response.parameters);
        let name = Name::unmarshal(&mut r)?;
        r.finish()?;
        Ok(Loaded { handle: response.handle, name })
    }

    /// Import: a duplicate becomes a child of its new parent.
    pub(crate) fn import(
        &mut self,
        parent: &Guarded<'_>,
        object: &Duplicate,
        protect: Protect,
    ) -> Result<Vec<u8>, Error> {
        let mut w = Writer::new();
        w.sized(&[]);
        w.sized_with(|w| object.public.marshal(w));
        w.sized(&object.duplicate);
        w.sized(&object.secret);
        AlgId::NULL.marshal(&mut w);
        let parameters = w.finish()?;
        let response = self.guarded(CommandCode::IMPORT, parent, &parameters, protect)?;
        let mut r = Reader::new(response);
        let private = r.sized()?.to_vec();
        r.finish()?;
        Ok(private)
    }

    /// ReadPublic: what is at a handle.
    pub(crate) fn read_public(&mut self, handle: Handle) -> Result<(Public, Name), Error> {
        let command = Command {
            code: CommandCode::READ_PUBLIC,
            handles: &[Entity::plain(handle)],
            parameters: &[],
            makes_handle: false,
        };
        let response = self.bare(&command)?;
        let mut r = Reader::new(response.parameters);
        let public = Public::from_octets(r.sized()?)?;
        let name = Name::unmarshal(&mut r)?;
        r.sized()?;
        r.finish()?;
        same(&public.name()?, &name).map_err(|error| error.on(handle))?;
        Ok((public, name))
    }
}

/// The parameters of CreatePrimary and Create: authValue and data, public area, no outside info, no PCRs.
pub(super) fn creation(template: &Public, auth: &[u8], data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut w = Writer::new();
    w.sized_with(|w| {
        w.sized(auth);
        w.sized(data);
    });
    w.sized_with(|w| template.marshal(w));
    w.sized(&[]);
    w.u32(0);
    Ok(Zeroizing::new(w.finish()?))
}

/// Compares what should be one Name.
pub(crate) fn same(expected: &Name, found: &Name) -> Result<(), Error> {
    match expected == found {
        true => Ok(()),
        false => Err(Error::new(ErrorKind::Integrity, format!("the object is not {expected}, but {found}"))),
    }
}
