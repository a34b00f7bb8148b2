//! Creates keys and sealed data under a parent, and imports wrapped objects.

use keyfile::{Name, Public};

use super::Tpm;
use crate::auth::Auth;
use crate::command::Protect;
use crate::error::Error;
use crate::objects::Parent;
use crypto::wrap::Duplicate;

/// A new key.
pub struct Created {
    /// Its public area.
    pub public: Public,
    /// The contents of its TPM2B_PRIVATE, which only its parent can read.
    pub private: Vec<u8>,
}

impl Tpm {
    /// Creates a key under a parent.
    ///
    /// # Errors
    /// The TPM refuses the template or the parent's password, or there is no TPM.
    pub fn create(&self, parent: &Parent, template: &Public, auth: Option<&Auth>) -> Result<Created, Error> {
        self.seal(parent, template, auth, &[])
    }

    /// Seals data under a parent. The template is [`crate::template::Template::sealed`].
    ///
    /// # Errors
    /// As [`Tpm::create`], and there is more data than the TPM accepts ([`crate::template::MAX_SEALED`]).
    pub fn seal(
        &self,
        parent: &Parent,
        template: &Public,
        auth: Option<&Auth>,
        data: &[u8],
    ) -> Result<Created, Error> {
        let auth = auth.map(|auth| auth.as_value(template.name_alg)).unwrap_or_default();
        self.operate(|connection| {
            let number = connection.parent_in_session(parent)?;
            let data = (template, auth.as_slice(), data);
            let made = connection.create_under(number, parent, data, Protect::SESSION.last())?;
            connection.trim_loaded(&[])?;
            Ok(Created { public: made.public, private: made.private })
        })
    }

    /// Imports a wrapped object under a parent, and returns the contents of its TPM2B_PRIVATE.
    ///
    /// # Errors
    /// It was wrapped for another parent, the parent's password is wrong, or there is no TPM.
    pub fn import(&self, parent: &Parent, object: &Duplicate) -> Result<Vec<u8>, Error> {
        self.operate(|connection| {
            let number = connection.parent_in_session(parent)?;
            let private = connection.import_under(number, parent, object, Protect::SESSION.last())?;
            connection.trim_loaded(&[])?;
            Ok(private)
        })
    }

    /// Returns the public area and Name of a parent; derives it if needed.
    ///
    /// # Errors
    /// There is no such parent, its hierarchy's password is wrong, or there is no TPM.
    pub fn parent_public(&self, parent: &Parent) -> Result<(Public, Name), Error> {
        self.operate(|connection| {
            let number = connection.authorized_parent(parent)?;
            let (public, name) = connection.parent_public(number)?;
            let found = (public.clone(), name.clone());
            connection.trim_loaded(&[])?;
            Ok(found)
        })
    }
}
