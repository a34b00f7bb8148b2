//! One TSS2 PRIVATE KEY file: draft-bottomley-tpm2-keys, and what the tools of the field really write.

pub(crate) mod asn1_types;
mod error;
mod keep;
mod kind;
mod legacy;
pub(crate) mod pem;
mod persistent;
mod reader;
mod rules;
mod source;
mod writer;

pub use error::Error;
pub use kind::Kind;

use crate::policy::{AuthPolicy, Path, Statement};
use crate::{Attributes, CommandCode, Handle, Public};
use source::{Form, Source};

/// A key as a file holds it: everything but a password.
///
/// The fields are free to change; what was read and not changed is written back byte by byte.
#[derive(Debug, Clone)]
pub struct KeyFile {
    /// What the TPM does with it first.
    pub kind: Kind,
    /// Whether the key says that it has no password.
    pub empty_auth: bool,
    /// The statements that a policy session runs, in this order; `None` without a policy. May be empty.
    pub policy: Option<Vec<Statement>>,
    /// inSymSeed of an importable object: the contents of the TPM2B_ENCRYPTED_SECRET, without its size.
    pub secret: Option<Vec<u8>>,
    /// Signed policies, the newest first; only beside a `policy` that starts with PolicyAuthorize.
    pub auth_policies: Vec<AuthPolicy>,
    /// What somebody noted about the key.
    pub description: Option<String>,
    /// With a hierarchy as parent: whether the primary is the RSA-2048 one instead of the P-256 one.
    pub rsa_parent: bool,
    /// A persistent handle, or the hierarchy whose standard primary is the parent.
    pub parent: Handle,
    /// The public area.
    pub public: Public,
    /// The wrapped private area: the contents of the TPM2B_PRIVATE, without its size.
    pub private: Vec<u8>,
    /// Elements of a later format, tag and all; kept when the file is written again.
    unknown: Vec<Vec<u8>>,
    source: Option<Source>,
}

impl KeyFile {
    /// The largest file that is read: everything in a key has a size of 16 bits, so this is ample.
    pub const MAX_SIZE: usize = 1 << 20;

    /// A new key without password, policy or remarks.
    #[must_use]
    pub const fn new(kind: Kind, parent: Handle, public: Public, private: Vec<u8>) -> Self {
        Self {
            kind,
            empty_auth: true,
            policy: None,
            secret: None,
            auth_policies: Vec::new(),
            description: None,
            rsa_parent: false,
            parent,
            public,
            private,
            unknown: Vec::new(),
            source: None,
        }
    }

    /// Reads PEM of either label, with whatever stands around it, or the bare DER.
    ///
    /// # Errors
    /// [`Error`] when there is no such key or it is damaged.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        // A DER SEQUENCE; but the text before a PEM block may also begin with a zero.
        if bytes.first() != Some(&0x30) {
            return Self::from_pem(bytes);
        }
        Self::from_der(bytes).or_else(|error| match Self::from_pem(bytes) {
            Err(Error::NoKey) => Err(error),
            other => other,
        })
    }

    /// Reads the first PEM block with one of the two labels.
    ///
    /// # Errors
    /// [`Error`] when there is no such block or it is damaged.
    pub fn from_pem(bytes: &[u8]) -> Result<Self, Error> {
        rules::size(bytes)?;
        if pem::is_utf16(bytes) {
            return Err(Error::Utf16);
        }
        let (der, form) = pem::find(bytes)?;
        Self::read(&der, form)
    }

    /// Reads the bare DER.
    ///
    /// # Errors
    /// [`Error`] when it is damaged or another structure.
    pub fn from_der(bytes: &[u8]) -> Result<Self, Error> {
        rules::size(bytes)?;
        Self::read(bytes, Form::Der)
    }

    /// The DER: that which was read; where something was changed, that element alone differs.
    ///
    /// # Errors
    /// [`Error::Rule`], [`Error::Parent`] or [`Error::Policy`] when the fields contradict each other, [`Error::Wire`]
    /// when one is too long.
    pub fn to_der(&self) -> Result<Vec<u8>, Error> {
        let der = writer::write(self)?;
        if let Some(source) = self.source_of(&der) {
            return Ok(source.der.clone());
        }
        rules::check_new(self)?;
        match &self.source {
            Some(source) => keep::unchanged(&source.der, &source.canonical, &der),
            None => Ok(der),
        }
    }

    /// The PEM block: that which was read, if nothing was changed.
    ///
    /// # Errors
    /// As [`KeyFile::to_der`].
    pub fn to_pem(&self) -> Result<String, Error> {
        match self.source_of(&writer::write(self)?).map(|source| &source.form) {
            Some(Form::Pem { block, .. }) => Ok(block.clone()),
            _ => pem::encode(&self.to_der()?),
        }
    }

    /// The whole file in the form in which it was read: DER, or PEM with the text around the block. PEM for a new key.
    ///
    /// # Errors
    /// As [`KeyFile::to_der`].
    pub fn to_file(&self) -> Result<Vec<u8>, Error> {
        match self.source.as_ref().map(|source| &source.form) {
            Some(Form::Der) => self.to_der(),
            Some(Form::Pem { before, after, .. }) => {
                Ok([before.as_slice(), self.to_pem()?.as_bytes(), after].concat())
            }
            None => self.to_pem().map(String::into_bytes),
        }
    }

    /// Whether its bytes differ from those that this crate writes: another tool wrote it.
    #[must_use]
    pub fn is_of_another_tool(&self) -> bool {
        self.source.as_ref().is_some_and(|source| source.der != source.canonical)
    }

    /// Whether use of the private key takes a password.
    ///
    /// The file says so, and the password is of use: either the key is authorized by it, or a statement of a policy
    /// asks for it.
    #[must_use]
    pub fn needs_password(&self) -> bool {
        !self.empty_auth && (!self.uses_policy() || self.statements().any(asks_for_password))
    }

    /// Whether a password may be of use, so that somebody should be asked for it.
    ///
    /// As [`KeyFile::needs_password`]; and the password of another entity may be wanted though the key has none itself.
    #[must_use]
    pub fn asks_for_password(&self) -> bool {
        let secret = |statement: &Statement| statement.command == CommandCode::POLICY_SECRET;
        self.needs_password() || (self.uses_policy() && self.statements().any(secret))
    }

    /// Whether the key is authorized by a policy session: exactly when userWithAuth is clear.
    #[must_use]
    pub const fn uses_policy(&self) -> bool {
        !self.public.attributes.contains(Attributes::USER_WITH_AUTH)
    }

    /// The ways to satisfy the policy, in the order to try them; none without a policy.
    #[must_use]
    pub fn policy_paths(&self) -> Vec<Path<'_>> {
        self.policy.as_deref().map(|policy| Path::all(policy, &self.auth_policies)).unwrap_or_default()
    }

    /// All statements, those of the signed policies too.
    fn statements(&self) -> impl Iterator<Item = &Statement> {
        let signed = self.auth_policies.iter().flat_map(|signed| &signed.statements);
        self.policy.iter().flatten().chain(signed)
    }

    /// What was read, if it still says what the fields say.
    fn source_of(&self, canonical: &[u8]) -> Option<&Source> {
        self.source.as_ref().filter(|source| source.canonical == canonical)
    }

    fn read(bytes: &[u8], form: Form) -> Result<Self, Error> {
        let mut file = reader::read(bytes)?;
        rules::check(&file)?;
        let canonical = writer::write(&file)?;
        file.source = Some(match reader::is_legacy(bytes) {
            // The old layout is never written: its like in the new one takes its place.
            true => Source { form: form.converted(&canonical)?, der: canonical.clone(), canonical },
            false => Source { form, der: bytes.to_vec(), canonical },
        });
        Ok(file)
    }
}

const fn asks_for_password(statement: &Statement) -> bool {
    matches!(
        statement.command,
        CommandCode::POLICY_AUTH_VALUE | CommandCode::POLICY_PASSWORD | CommandCode::POLICY_SECRET
    )
}
