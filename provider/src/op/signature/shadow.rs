//! The shadow of a signature in the TPM: a verification in software that holds its parameters.
//!
//! It is made when the first parameter is set or asked, or the result is verified: a plain ECDSA signature does without, and
//! saves a tenth of the client's time.

use crate::error::Result;
use crate::ffi::crypto::{Digest, Operation, Options, Pkey, Purpose};
use crate::ffi::params::{ParamList, Params};

/// A verify operation of the public key, made when it is needed.
pub(crate) struct Shadow {
    public: Pkey,
    /// The digest of a message under way.
    digest: Option<Digest>,
    operation: Option<Operation>,
}

impl Shadow {
    /// A shadow of this key; with the digest of a message, or for a digest that the caller made.
    pub(super) const fn new(public: Pkey, digest: Option<Digest>) -> Self {
        Self { public, digest, operation: None }
    }

    /// The public key.
    pub(super) const fn public(&self) -> &Pkey {
        &self.public
    }

    /// The digest, as it was begun with or set since.
    pub(super) fn digest(&mut self) -> Result<Option<Digest>> {
        match (&self.digest, &mut self.operation) {
            (Some(digest), _) => Ok(Some(digest.clone())),
            (None, None) => Ok(None),
            (None, Some(operation)) => {
                let name = operation.options().text(c"digest");
                Ok(name.map(|name| Digest::fetch(self.public.context(), &name)).transpose()?)
            }
        }
    }

    /// Takes the parameters of a caller.
    pub(super) fn set(&mut self, params: Params<'_>) -> Result<()> {
        if params.is_none() {
            return Ok(());
        }
        Ok(self.options()?.set(params)?)
    }

    /// The parameters.
    pub(super) fn options(&mut self) -> Result<Options<'_>> {
        Ok(self.operation()?.options())
    }

    /// The verification.
    pub(super) fn operation(&mut self) -> Result<&mut Operation> {
        let operation = match self.operation.take() {
            Some(operation) => operation,
            None => {
                let mut operation = Operation::new(&self.public, Purpose::Verify, Params::none())?;
                if let Some(digest) = &self.digest {
                    let mut list = ParamList::new();
                    operation.options().set(list.text(c"digest", digest.name()).as_params())?;
                }
                operation
            }
        };
        Ok(self.operation.insert(operation))
    }

    /// A second one with the same parameters.
    pub(super) fn try_clone(&self) -> Result<Self> {
        let operation = self.operation.as_ref().map(Operation::try_clone).transpose()?;
        Ok(Self { public: self.public.clone(), digest: self.digest.clone(), operation })
    }
}
