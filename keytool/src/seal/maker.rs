//! Makes the file of sealed data: the TPM seals the data, or it is wrapped here for a parent in another TPM.

use keyfile::{Attributes, Handle, HashAlg, KeyFile, Kind, Public};
use tpm::template::{Storage, Template};
use tpm::{Auth, Parent, Tpm};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::interrupt::Deferred;
use crate::key_file;
use crate::parent::ParentArea;
use crate::policy::{Plan, Policy};

/// The requested object, after all files and passwords are read.
pub(super) struct Maker<'a> {
    pub(super) tpm: &'a Tpm,
    pub(super) parent: Handle,
    pub(super) name_alg: HashAlg,
    pub(super) da: bool,
    /// True if the object must be bound to the TPM.
    pub(super) bound: bool,
    pub(super) auth: Option<Auth>,
    pub(super) data: Zeroizing<Vec<u8>>,
}

impl Maker<'_> {
    /// Seals the data with the TPM.
    ///
    /// # Errors
    /// The TPM lacks the parent or the hash, a password is wrong, or a signal was received.
    pub(super) fn inside(self, plan: Option<Plan>, deferred: &Deferred) -> Result<KeyFile, Error> {
        let capabilities = self.tpm.capabilities_for(&self.template(None), self.parent)?;
        let parent = Parent::for_new_key(self.tpm, &capabilities, self.parent)?;
        if let Some(plan) = &plan {
            plan.check(self.tpm, self.name_alg)?;
        }
        let policy = self.policy(plan)?;
        deferred.check()?;
        let mut template = self.template(policy.as_ref());
        capabilities.check(&template)?;
        let (of_parent, _) = self.tpm.parent_public(&parent)?;
        template.attributes = template.attributes | self.binding(&of_parent)?;
        deferred.check()?;
        let made = self.tpm.seal(&parent, &template, self.auth.as_ref(), &self.data)?;
        Ok(self.file(made.public, made.private, parent.storage, policy))
    }

    /// Wraps the data in software. The TPM is used only if the policy needs it.
    ///
    /// # Errors
    /// The parent's public key is not suitable, or the policy needs a TPM and none can be used.
    pub(super) fn importable(self, area: &ParentArea, plan: Option<Plan>) -> Result<KeyFile, Error> {
        let policy = self.policy(plan)?;
        let template = self.template(policy.as_ref());
        let sealed = tpm::wrap_data(&area.public, &template, self.auth.as_ref(), &self.data);
        let sealed = sealed.map_err(Error::Wrap)?;
        let mut file = self.file(sealed.public, sealed.duplicate, Storage::standard(area.rsa), policy);
        file.secret = Some(sealed.secret);
        Ok(file)
    }

    fn policy(&self, plan: Option<Plan>) -> Result<Option<Policy>, Error> {
        plan.map(|plan| plan.statements(self.tpm, self.name_alg)).transpose()
    }

    /// Returns the public area, not yet bound to a TPM or parent.
    fn template(&self, policy: Option<&Policy>) -> Public {
        let template = Template::sealed().name_alg(self.name_alg).dictionary_attack_protection(self.da);
        match policy {
            Some(policy) => template.policy(policy.digest.clone()).public(),
            None => template.public(),
        }
    }

    /// Returns the attributes that bind the object. A child can be bound to the TPM only if its parent is (Part 2 §8.3.3.2, fixedTPM).
    ///
    /// # Errors
    /// The object must be bound to the TPM, but its parent is not.
    fn binding(&self, parent: &Public) -> Result<Attributes, Error> {
        if parent.attributes.contains(Attributes::FIXED_TPM) {
            return Ok(Attributes::FIXED_TPM | Attributes::FIXED_PARENT);
        }
        if self.bound {
            return Err(Error::request(
                "the parent can move to another TPM, and its children with it",
                "give another parent with -p, or omit -m",
            ));
        }
        Ok(Attributes::FIXED_PARENT)
    }

    fn file(self, public: Public, private: Vec<u8>, storage: Storage, policy: Option<Policy>) -> KeyFile {
        let file = KeyFile::new(Kind::Sealed, self.parent, public, private);
        let mut file = key_file::authorized(file, self.auth.is_some(), policy);
        storage.mark(&mut file);
        file
    }
}
