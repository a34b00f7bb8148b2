//! The parents of keys, as this connection knows them: persistent ones by their public area, derived ones by template.

use keyfile::{Attributes, Handle, Name, Public};
use zeroize::Zeroizing;

use crate::auth::Auth;
use crate::command::Entity;
use crate::command::{Guarded, Protect};
use crate::command::{context, hierarchy, object, same};
use crate::connection::Connection;
use crate::connection::{MAX_LOADED, Transient};
use crate::error::{Error, ErrorKind};
use crate::rc::{Place, ResponseCode};
use crate::template::storage_primary;

/// The parent of a key.
#[derive(Clone)]
pub struct Parent {
    /// A persistent handle, or the hierarchy whose standard primary it is.
    pub handle: Handle,
    /// In a hierarchy: the RSA-2048 primary instead of the P-256 one.
    pub rsa: bool,
    /// The password of the persistent key or of the hierarchy.
    pub auth: Option<Auth>,
}

/// All parents that this connection has met; nobody is ever removed, so a number stays good.
#[derive(Default)]
pub(crate) struct Parents(Vec<Known>);

struct Known {
    handle: Handle,
    rsa: bool,
    public: Public,
    name: Name,
    saved: Option<Vec<u8>>,
    derived: u32,
    /// The doubtful password that was found to be no last try: a stored one, or none.
    spared: Option<Option<Auth>>,
}

/// The parent at work: what a command names, and its authValue.
pub(crate) struct ReadyParent {
    pub(crate) handle: Handle,
    pub(crate) name: Name,
    auth: Zeroizing<Vec<u8>>,
}

impl Parent {
    /// The standard P-256 primary of the null hierarchy: there on every TPM, and nobody's.
    pub(crate) const NULL: Self = Self { handle: Handle::NULL, rsa: false, auth: None };

    pub(crate) fn is_derived(&self) -> bool {
        self.handle.is_permanent()
    }

    /// The null hierarchy has no password.
    pub(crate) fn hierarchy_auth(&self) -> Zeroizing<Vec<u8>> {
        let auth = self.auth.as_ref().filter(|_| self.handle != Handle::NULL);
        auth.map(Auth::as_hierarchy_value).unwrap_or_default()
    }
}

impl ReadyParent {
    pub(crate) fn guarded(&self) -> Guarded<'_> {
        Guarded { entity: Entity::named(self.handle, &self.name), auth: &self.auth }
    }
}

impl Connection {
    /// The parent's number, at the cost of one command the first time.
    pub(crate) fn parent(&mut self, parent: &Parent) -> Result<usize, Error> {
        let known = |known: &Known| known.handle == parent.handle && known.rsa == parent.rsa;
        if let Some(number) = self.parents.0.iter().position(known) {
            return Ok(number);
        }
        // First, because it may have to meet the null primary before.
        self.open_session_for(parent)?;
        let number = self.parents.0.len();
        let (public, name) = match parent.is_derived() {
            true => self.derive(parent, number)?,
            false => {
                object::read_public(self, parent.handle).map_err(|error| no_parent(error, parent.handle))?
            }
        };
        let (handle, rsa) = (parent.handle, parent.rsa);
        self.parents.0.push(Known { handle, rsa, public, name, saved: None, derived: 1, spared: None });
        Ok(number)
    }

    /// The public area of a parent.
    pub(crate) fn parent_public(&self, number: usize) -> Result<(&Public, &Name), Error> {
        self.known(number).map(|known| (&known.public, &known.name))
    }

    /// What a refusal says; a password that was wrong once is looked at again before its next try.
    pub(crate) fn parent_refused(&mut self, number: usize, error: Error, parent: &Parent) -> Error {
        if let Some(known) = self.parents.0.get_mut(number) {
            known.spared = None;
        }
        parent_refused(error, parent)
    }

    /// The same of an import: the duplicate and its seed (parameters 3 and 4 of TPM2_Import) are for one parent only.
    pub(crate) fn import_refused(&mut self, number: usize, error: Error, parent: &Parent) -> Error {
        match error.code().and_then(ResponseCode::place) {
            Some(Place::Parameter(3 | 4)) => error.advise(FOREIGN),
            _ => self.parent_refused(number, error, parent),
        }
    }

    /// The parent ready for a command: loaded again, if it had to make room.
    pub(crate) fn ready_parent(&mut self, number: usize, parent: &Parent) -> Result<ReadyParent, Error> {
        let known = self.known(number)?;
        let name = known.name.clone();
        if !parent.is_derived() {
            let auth = parent.auth.as_ref();
            let spared = known.spared.as_ref().is_some_and(|spared| Auth::are_same(spared.as_ref(), auth));
            let protected = !known.public.attributes.contains(Attributes::NO_DA);
            if protected && Auth::is_doubtful(auth) && !spared {
                self.guard_last_try(auth)
                    .map_err(|error| error.on(format_args!("parent {}", parent.handle)))?;
                if let Some(known) = self.parents.0.get_mut(number) {
                    known.spared = Some(parent.auth.clone());
                }
            }
            let known = self.known(number)?;
            let auth =
                parent.auth.as_ref().map(|auth| auth.as_value(known.public.name_alg)).unwrap_or_default();
            return Ok(ReadyParent { handle: parent.handle, name, auth });
        }
        // A primary that we derive has no password of its own.
        let auth = Zeroizing::default();
        if let Some(handle) = self.slots.find(Transient::Parent(number)) {
            return Ok(ReadyParent { handle, name, auth });
        }
        match self.known(number)?.saved.clone() {
            Some(saved) => {
                self.make_room(MAX_LOADED - 1, &[])?;
                let handle = context::context_load(self, &saved)?;
                self.slots.insert(Transient::Parent(number), handle, name.clone());
                Ok(ReadyParent { handle, name, auth })
            }
            None => {
                self.open_session_for(parent)?;
                let (_, again) = self.derive(parent, number)?;
                same(&name, &again)?;
                if let Some(known) = self.parents.0.get_mut(number) {
                    known.derived = known.derived.saturating_add(1);
                }
                let handle = self.slots.find(Transient::Parent(number)).unwrap_or(Handle::NULL);
                Ok(ReadyParent { handle, name, auth })
            }
        }
    }

    /// Frees slots until at most `most` are taken, least recently used first.
    pub(crate) fn make_room(&mut self, most: usize, needed: &[Transient]) -> Result<(), Error> {
        while self.slots.len() > most {
            let Some(victim) = self.slots.least_recent(needed) else { break };
            self.let_go(victim)?;
        }
        Ok(())
    }

    /// After a key was loaded: no more stays than may. The parent is not needed for the key's own work, unless each operation
    /// starts a session salted to it.
    pub(crate) fn settle(&mut self, needed: &[Transient]) -> Result<(), Error> {
        let one_session = self.rules.keep.is_none();
        while let Some(parent) = self.slots.parent(needed) {
            // Where other processes want the slots too, it goes at once.
            if !one_session || !(self.rules.shared || self.slots.len() > MAX_LOADED) {
                break;
            }
            self.let_go(parent)?;
        }
        self.make_room(MAX_LOADED, needed)
    }

    /// Flushes an object; a derived parent that may come back is saved first, for deriving it takes long on some chips.
    fn let_go(&mut self, transient: Transient) -> Result<(), Error> {
        if let Transient::Parent(number) = transient {
            let known = self.known(number)?;
            // The null primary is only salt. The first time in a shared TPM a second key is not in sight, and saving costs a command.
            let only_salt = known.handle == Handle::NULL && self.rules.keep.is_none();
            let worth_it = known.saved.is_none() && !only_salt && (known.derived > 1 || !self.rules.shared);
            if let Some(handle) = self.slots.find(transient).filter(|_| worth_it) {
                let saved = context::context_save(self, handle)?;
                if let Some(known) = self.parents.0.get_mut(number) {
                    known.saved = Some(saved);
                }
            }
        }
        self.evict(transient)
    }

    /// A hierarchy with a password gets it proven within a session, which must be salted to the null primary then.
    pub(crate) fn open_session_for(&mut self, parent: &Parent) -> Result<(), Error> {
        if !parent.is_derived() || parent.hierarchy_auth().is_empty() {
            return Ok(());
        }
        self.open_session(None)?;
        // One session serves all, so its salt key is not needed again.
        let null = self.parents.0.iter().position(|known| known.handle == Handle::NULL && !known.rsa);
        match null.filter(|_| self.rules.keep.is_none()) {
            Some(null) => self.evict(Transient::Parent(null)),
            None => Ok(()),
        }
    }

    /// CreatePrimary.
    fn derive(&mut self, parent: &Parent, number: usize) -> Result<(Public, Name), Error> {
        let auth = parent.hierarchy_auth();
        let protect = if auth.is_empty() { Protect::NONE } else { Protect::SESSION };
        self.make_room(MAX_LOADED - 1, &[])?;
        let hierarchy = Guarded { entity: Entity::plain(parent.handle), auth: &auth };
        let primary = hierarchy::create_primary(self, &hierarchy, &storage_primary(parent.rsa), protect)
            .map_err(|error| parent_refused(error, parent))?;
        self.slots.insert(Transient::Parent(number), primary.handle, primary.name.clone());
        Ok((primary.public, primary.name))
    }

    fn known(&self, number: usize) -> Result<&Known, Error> {
        let lost = || Error::new(ErrorKind::Tpm, "the connection was lost within an operation");
        self.parents.0.get(number).ok_or_else(lost)
    }
}

/// A refused password of a parent is not a refused password of the key; and a parent knows its children.
fn parent_refused(error: Error, parent: &Parent) -> Error {
    if error.base_code() == Some(ResponseCode::INTEGRITY) {
        return error.advise(FOREIGN);
    }
    if error.kind() != ErrorKind::Authorization {
        return error;
    }
    let advice = match parent.auth {
        None => {
            "it has a password: give it as the parent's (TPM2_PIN, or pin in openssl.cnf; --passparent prompt for the key tool)"
        }
        Some(_) => "the parent's password is wrong",
    };
    error.of_kind(ErrorKind::ParentAuthorization).on(format_args!("parent {}", parent.handle)).advise(advice)
}

const FOREIGN: &str =
    "the file is of another machine or parent, or the TPM was cleared since: make a new one for this parent";

fn no_parent(error: Error, handle: Handle) -> Error {
    match error.base_code() {
        Some(ResponseCode::HANDLE) => error
            .on(format_args!("parent {handle}"))
            .advise("this TPM has no key there: the file is for another TPM, or the parent was removed"),
        _ => error,
    }
}
