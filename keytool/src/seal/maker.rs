//! Makes the sealed file: the TPM seals the data, or it is wrapped here for a parent that another TPM has.

use keyfile::{Attributes, Handle, HashAlg, KeyFile, Kind, Public};
use tpm::template::{Storage, Template};
use tpm::{Auth, Parent, Tpm};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::interrupt::Deferred;
use crate::key_file;
use crate::parent::ParentArea;
use crate::policy::{Plan, Policy};

/// What was asked for, with every file and password read.
pub(super) struct Maker<'a> {
    pub(super) tpm: &'a Tpm,
    pub(super) parent: Handle,
    pub(super) name_alg: HashAlg,
    pub(super) da: bool,
    /// To the TPM, come what may.
    pub(super) bound: bool,
    pub(super) auth: Option<Auth>,
    pub(super) data: Zeroizing<Vec<u8>>,
}

impl Maker<'_> {
    /// The TPM seals the data.
    ///
    /// # Errors
    /// It has no such parent or hash, a password is wrong, or somebody asked to stop.
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
        Ok(self.file(made.public, made.private, parent.storage == Storage::Rsa2048, policy))
    }

    /// Wraps the data here; only a policy may need a TPM, for what it has now.
    ///
    /// # Errors
    /// The parent's public key is unfit, or the policy needs a TPM that is not there.
    pub(super) fn importable(self, area: &ParentArea, plan: Option<Plan>) -> Result<KeyFile, Error> {
        let policy = self.policy(plan)?;
        let template = self.template(policy.as_ref());
        let sealed = tpm::wrap_data(&area.public, &template, self.auth.as_ref(), &self.data);
        let sealed = sealed.map_err(Error::Wrap)?;
        let mut file = self.file(sealed.public, sealed.duplicate, area.rsa, policy);
        file.secret = Some(sealed.secret);
        Ok(file)
    }

    fn policy(&self, plan: Option<Plan>) -> Result<Option<Policy>, Error> {
        plan.map(|plan| plan.statements(self.tpm, self.name_alg)).transpose()
    }

    /// The public area, bound to nothing.
    fn template(&self, policy: Option<&Policy>) -> Public {
        let template = Template::sealed().name_alg(self.name_alg).dictionary_attack_protection(self.da);
        match policy {
            Some(policy) => template.policy(policy.digest.clone()).public(),
            None => template.public(),
        }
    }

    /// A child is bound to the TPM only where its parent is (Part 2 §8.3.3.2, fixedTPM).
    fn binding(&self, parent: &Public) -> Result<Attributes, Error> {
        if parent.attributes.contains(Attributes::FIXED_TPM) {
            return Ok(Attributes::FIXED_TPM | Attributes::FIXED_PARENT);
        }
        if self.bound {
            return Err(Error::request(
                "the parent may move to another TPM, and its children with it",
                "name another parent with -p, or leave -m out",
            ));
        }
        Ok(Attributes::FIXED_PARENT)
    }

    fn file(self, public: Public, private: Vec<u8>, rsa_parent: bool, policy: Option<Policy>) -> KeyFile {
        let file = KeyFile::new(Kind::Sealed, self.parent, public, private);
        let mut file = key_file::authorized(file, self.auth.is_some(), policy);
        file.rsa_parent = rsa_parent;
        file
    }
}
