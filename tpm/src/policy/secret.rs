//! PolicySecret: the password of another entity, proven to the TPM within the connection's session.

use keyfile::policy::Secret;
use keyfile::wire::{Reader, Unmarshal};
use keyfile::{Handle, HashAlg, Name};
use zeroize::Zeroizing;

use crate::auth::Auth;
use crate::command::Entity;
use crate::error::{Error, ErrorKind};
use crate::link::{Guarded, Link};

impl Link {
    /// PolicySecret with this password.
    pub(crate) fn prove_secret(&mut self, secret: &Secret, password: Option<&Auth>) -> Result<(), Error> {
        let handle = secret.entity().ok_or_else(|| {
            Error::new(ErrorKind::Policy, "the entity whose password is wanted has no handle")
        })?;
        let auth = password.map(|password| auth_value(password, handle, &secret.name)).unwrap_or_default();
        let entity = match secret.name.as_handle() {
            Some(_) => Entity::plain(handle),
            None => Entity::named(handle, &secret.name),
        };
        let session = self.policy_session()?;
        let (session, nonce) = (session.handle, session.nonce_tpm().to_vec());
        match self.policy_secret(&Guarded { entity, auth: &auth }, session, &nonce, secret) {
            Err(error)
                if error.kind() == ErrorKind::Authorization && self.is_another(handle, &secret.name) =>
            {
                let text =
                    format!("at {handle} there is another object than the one whose password is wanted");
                Err(Error::new(ErrorKind::Policy, text))
            }
            done => done,
        }
    }

    /// Whether something else is at the handle: then nobody's password was wrong.
    fn is_another(&mut self, handle: Handle, name: &Name) -> bool {
        let found = match handle {
            _ if name.as_handle().is_some() => return false,
            index if index.is_nv() => self.nv_read_public(index).map(|(_, name)| name),
            object => self.read_public(object).map(|(_, name)| name),
        };
        found.is_ok_and(|found| found != *name)
    }
}

/// The authValue that this password stands for: hierarchies have it as it is, objects and NV indices by their nameAlg.
fn auth_value(password: &Auth, handle: Handle, name: &Name) -> Zeroizing<Vec<u8>> {
    let hash = HashAlg::unmarshal(&mut Reader::new(name.as_octets()));
    match hash {
        Ok(hash) if name.as_handle().is_none() && !handle.is_permanent() => password.as_value(hash),
        _ => password.as_hierarchy_value(),
    }
}
