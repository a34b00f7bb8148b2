//! The shadow of a signature in the TPM: a verification in software that keeps its parameters.
//!
//! It is created when a parameter is set or requested, or when the result is verified. A plain ECDSA
//! signature needs none, which saves a tenth of the client's time.

use crate::error::Result;
use crate::ffi::crypto::{Digest, Operation, Options, Pkey, Purpose};
use crate::ffi::params::{IntOrText, ParamList, Params, settable};

/// A verify operation of the public key, created when it is needed.
pub(crate) struct Shadow {
    public: Pkey,
    /// The digest of a message in progress.
    digest: Option<Digest>,
    operation: Option<Operation>,
    /// True if the caller set the salt length.
    has_salt: bool,
}

impl Shadow {
    /// Creates a shadow of this key: with the digest of a message, or without one for a digest that the
    /// caller computed.
    pub(super) const fn new(public: Pkey, digest: Option<Digest>) -> Self {
        Self { public, digest, operation: None, has_salt: false }
    }

    /// The public key.
    pub(super) const fn public(&self) -> &Pkey {
        &self.public
    }

    /// The digest: the one of the message, or the one that was set since.
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

    /// Sets the parameters of a caller.
    pub(super) fn set(&mut self, params: Params<'_>) -> Result<()> {
        if params.is_none() {
            return Ok(());
        }
        if self.is_pss_key() && leaves_salt_open(params)? {
            // With this value and a restricted key, some versions of OpenSSL sign and do not verify, others
            // the reverse.
            self.has_salt = false;
            return Ok(self.options()?.set(ParamList::without(params, c"saltlen")?.as_params())?);
        }
        self.options()?.set(params)?;
        self.has_salt |= params.find(c"saltlen").is_some();
        Ok(())
    }

    /// Returns true if the salt length comes from the restrictions of the key, not from the caller.
    pub(super) fn has_salt_of_key(&self) -> bool {
        !self.has_salt && self.is_pss_key()
    }

    fn is_pss_key(&self) -> bool {
        self.public.is_a(c"RSA-PSS")
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
                    operation.options().set(list.text(c"digest", digest.asked()).as_params())?;
                }
                operation
            }
        };
        Ok(self.operation.insert(operation))
    }

    /// Copies the shadow.
    pub(super) fn try_clone(&self) -> Result<Self> {
        let operation = self.operation.as_ref().map(Operation::try_clone).transpose()?;
        Ok(Self {
            public: self.public.clone(),
            digest: self.digest.clone(),
            operation,
            has_salt: self.has_salt,
        })
    }
}

settable! {
    /// The salt length (EVP_SIGNATURE-RSA(7)).
    struct Salt {
        length: IntOrText = c"saltlen",
    }
}

/// Returns true if the parameters leave the salt length to the signer.
fn leaves_salt_open(params: Params<'_>) -> Result<bool> {
    Ok(match Salt::read(params)?.length {
        Some(IntOrText::Int(number)) => matches!(number, -2 | -4),
        Some(IntOrText::Text(text)) => ["auto", "auto-digestmax", "-2", "-4"].contains(&text.as_str()),
        None => false,
    })
}
