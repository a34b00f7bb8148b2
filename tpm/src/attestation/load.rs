//! Loads primary keys for one operation and flushes them again.

use crypto::endorsement::branches;
use keyfile::policy::Secret;
use keyfile::wire::Marshal;
use keyfile::{CommandCode, Handle, Name, Public, PublicKey};

use super::Primary;
use crate::command::capability::{PERSISTENT, handles};
use crate::command::hierarchy::create_primary;
use crate::command::object::read_public;
use crate::command::policy::policy_command;
use crate::command::{Entity, Guarded};
use crate::connection::{Connection, MAX_LOADED, Transient};
use crate::error::{Error, ErrorKind};
use crate::template::matches_template;

/// The roles of the primary keys in an operation.
pub(crate) const SIGNER: Transient = Transient::Temporary(0);
pub(crate) const SUBJECT: Transient = Transient::Temporary(1);

/// A primary key that an operation has loaded.
pub(crate) struct LoadedPrimary {
    pub(crate) handle: Handle,
    pub(crate) public: Public,
    pub(crate) name: Name,
}

impl LoadedPrimary {
    pub(crate) fn entity(&self) -> Entity<'_> {
        Entity::named(self.handle, &self.name)
    }

    /// Returns the key with its authorization: it has no password.
    pub(super) fn guarded(&self) -> Guarded<'_> {
        Guarded { entity: self.entity(), auth: &[] }
    }
}

impl Connection {
    /// Runs `work` and flushes the primary keys that it has loaded, also after an error.
    pub(crate) fn with_primaries<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let result = work(self);
        if result.is_err() {
            // A partly satisfied policy session is useless for the next operation.
            let _ = self.drop_policy();
        }
        let flushed = [SIGNER, SUBJECT].map(|primary| self.evict(primary));
        let value = result?;
        flushed.into_iter().collect::<Result<(), _>>()?;
        Ok(value)
    }

    /// Derives a primary key, which stays loaded until the operation ends.
    pub(crate) fn load_primary(&mut self, part: Transient, key: &Primary) -> Result<LoadedPrimary, Error> {
        let parent = key.as_parent();
        self.open_session_for(&parent)?;
        self.free_slots(MAX_LOADED - 1, &[])?;
        let auth = parent.hierarchy_auth();
        let protect = self.protection_of_primary(&parent, &auth);
        let hierarchy = Guarded { entity: Entity::plain(key.hierarchy), auth: &auth };
        let made = self
            .prove_hierarchy(key.hierarchy, &auth, |connection| {
                create_primary(connection, &hierarchy, &key.template, protect)
            })
            .map_err(|error| refused(error, key))?;
        self.slots.insert(part, made.handle, made.name.clone());
        if !matches_template(&made.public, &key.template) {
            return Err(
                Error::integrity("the TPM returned another kind of key than requested").on(made.handle)
            );
        }
        Ok(LoadedPrimary { handle: made.handle, public: made.public, name: made.name })
    }

    /// Returns the endorsement key of a template, with this public half if one is given: the persistent one if there is one, because
    /// deriving it takes long; otherwise the derived one.
    pub(crate) fn endorsement_key(
        &mut self,
        template: &Primary,
        key: Option<&PublicKey>,
    ) -> Result<Option<LoadedPrimary>, Error> {
        let is_wanted = |public: &Public| key.is_none_or(|key| public.key.has_numbers_of(key));
        for handle in handles(self, PERSISTENT)? {
            // A key of an unsupported type cannot be read here, and is not the wanted one.
            if let Ok((public, name)) = read_public(self, handle) {
                if matches_template(&public, &template.template) && is_wanted(&public) {
                    return Ok(Some(LoadedPrimary { handle, public, name }));
                }
            }
        }
        let derived = self.load_primary(SUBJECT, template)?;
        Ok(is_wanted(&derived.public).then_some(derived))
    }

    /// Satisfies the policy of an endorsement key in the policy session.
    pub(crate) fn satisfy_policy(&mut self, key: &Primary, public: &Public) -> Result<(), Error> {
        let branches = branches(public)?;
        self.open_policy(public.name_alg)?;
        let password = Secret { hint: Handle(0), name: key.hierarchy.into(), policy_ref: Vec::new() };
        self.prove_secret(&password, key.auth.as_ref()).map_err(|error| refused(error, key))?;
        match branches {
            Some(branches) => {
                let session = self.policy_session()?.handle;
                policy_command(self, CommandCode::POLICY_OR, session, &branches.to_bytes()?)
            }
            None => Ok(()),
        }
    }
}

/// Reports a refused password as the hierarchy's and not as the key's.
fn refused(error: Error, key: &Primary) -> Error {
    let name = key.hierarchy.hierarchy_name().unwrap_or("unknown");
    match error.kind() {
        ErrorKind::Authorization => {
            let (kind, advice) = match key.auth {
                None => (ErrorKind::ParentPasswordMissing, "give the password of the hierarchy"),
                Some(_) => (ErrorKind::ParentAuthorization, "the password of the hierarchy is wrong"),
            };
            error.of_kind(kind).on(format_args!("{name} hierarchy")).advise(advice)
        }
        _ => error.on(format_args!("{name} hierarchy")),
    }
}
