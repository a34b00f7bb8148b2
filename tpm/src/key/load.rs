//! Brings a key to where a command can name it: in a place of the TPM, with a session to protect the command.

use std::borrow::Cow;
use std::sync::atomic::Ordering;

use keyfile::{Handle, KeyFile};

use super::{Inner, Origin, removed};
use crate::authorization::policy::Runner;
use crate::command::Protect;
use crate::command::same;
use crate::connection::Link;
use crate::connection::Occupant;
use crate::crypto::wrap::Duplicate;
use crate::error::{Error, ErrorKind};
use crate::objects::Parent;

impl Inner {
    /// A handle for the next command, and a session unless it goes without. The session of `runner` is opened beside when the parent is
    /// loaded, for its salt.
    pub(super) fn ready(
        &self,
        link: &mut Link,
        bare: bool,
        runner: Option<&Runner<'_>>,
    ) -> Result<Handle, Error> {
        match &self.origin {
            Origin::Persistent { handle, seen } => {
                if !seen.load(Ordering::Acquire) {
                    self.still_there(link, *handle)?;
                    seen.store(true, Ordering::Release);
                }
                if !bare {
                    link.open_session(None)?;
                }
                Ok(*handle)
            }
            Origin::File { file, parent } => {
                let occupant = Occupant::Key(self.number);
                match link.places.find(occupant) {
                    Some(handle) if bare || link.rules.unprotected || link.has_session() => Ok(handle),
                    Some(handle) => {
                        let number = link.parent(parent)?;
                        link.open_session(Some((number, parent)))?;
                        // The salt key may have taken its place.
                        match link.places.find(occupant) {
                            Some(_) => Ok(handle),
                            None => self.load(link, file, parent, bare, runner),
                        }
                    }
                    None => self.load(link, file, parent, bare, runner),
                }
            }
        }
    }

    /// Whether it is this key that is at the handle.
    pub(super) fn still_there(&self, link: &mut Link, handle: Handle) -> Result<(), Error> {
        let (_, name) = link.read_public(handle).map_err(removed)?;
        if name == self.name {
            return Ok(());
        }
        Err(Error::new(ErrorKind::NoObject, "another key is at this handle now")
            .on(self)
            .advise("open the key anew, or make the reference file again: the one that was here is gone"))
    }

    fn load(
        &self,
        link: &mut Link,
        file: &KeyFile,
        parent: &Parent,
        bare: bool,
        runner: Option<&Runner<'_>>,
    ) -> Result<Handle, Error> {
        let number = link.parent_in_session(parent)?;
        if let Some(runner) = runner {
            runner.open(link)?;
        }
        let private = match &file.secret {
            None => Cow::Borrowed(&file.private),
            Some(secret) => Cow::Owned(self.import(link, number, parent, file, secret)?),
        };
        let at_work = link.parent_at_work(number, parent)?;
        link.make_room_for_child(number, parent)?;
        let protect = if bare { Protect::SESSION.last() } else { Protect::SESSION };
        let loaded = link
            .load(&at_work.guarded(), &private, &file.public, protect)
            .map_err(|error| link.parent_refused(number, error, parent))?;
        let occupant = Occupant::Key(self.number);
        link.places.take(occupant, loaded.handle, loaded.name.clone());
        if let Err(error) = same(&self.name, &loaded.name) {
            link.evict(occupant)?;
            return Err(error);
        }
        link.settle(&[occupant])?;
        Ok(loaded.handle)
    }

    /// What TPM2_Import makes of the file, once for a process.
    fn import(
        &self,
        link: &mut Link,
        number: usize,
        parent: &Parent,
        file: &KeyFile,
        secret: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let above = link.parent_public(number)?.1.clone();
        let parts = [above.as_octets(), self.name.as_octets(), secret, &file.private];
        if let Some(private) = self.tpm.imports().find(&parts) {
            return Ok(private);
        }
        let duplicate = Duplicate {
            public: file.public.clone(),
            duplicate: file.private.clone(),
            secret: secret.to_vec(),
        };
        let private = link.import_under(number, parent, &duplicate, Protect::SESSION)?;
        self.tpm.imports().keep(&parts, &private);
        Ok(private)
    }
}
