//! One TSS2 PRIVATE KEY file: the format of draft-bottomley-tpm2-keys, and the variants that other tools write.

pub(crate) mod asn1_types;
mod error;
mod held;
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
pub use held::Held;
pub use kind::Kind;

use crate::policy::{AuthPolicy, Path, Statement};
use crate::{Attributes, CommandCode, Handle, Public};
use held::Contents;
use source::{Form, Source};

/// The contents of a key file: everything but the password.
///
/// The fields are free to change. Elements that were read and not changed are written back byte by byte.
#[derive(Debug, Clone)]
pub struct KeyFile {
    /// The type of the file.
    pub kind: Kind,
    /// True if the file declares that the key has no password.
    pub empty_auth: bool,
    /// The statements that a policy session runs, in this order; `None` without a policy. May be empty.
    pub policy: Option<Vec<Statement>>,
    /// inSymSeed of an importable object: the contents of the TPM2B_ENCRYPTED_SECRET, without its size.
    pub secret: Option<Vec<u8>>,
    /// Signed policies, the newest first; only beside a `policy` that starts with PolicyAuthorize.
    pub auth_policies: Vec<AuthPolicy>,
    /// A note about the key, for people.
    pub description: Option<String>,
    /// If the parent is a hierarchy: true for its RSA-2048 primary key, false for its P-256 primary key.
    pub rsa_parent: bool,
    /// True for the layout from before the standard, `TSS2 KEY BLOB`, in which a hierarchy means another primary key than today.
    pub old_layout: bool,
    /// A persistent handle, or the hierarchy whose primary key is the parent: the one that `rsa_parent` and `old_layout` name. Some
    /// tools write a transient handle.
    pub parent: Handle,
    /// The public area.
    pub public: Public,
    /// The wrapped private area: the contents of the TPM2B_PRIVATE, without its size.
    pub private: Vec<u8>,
    /// Elements of a later version of the format, with their tags; kept when the file is written again.
    unknown: Vec<Vec<u8>>,
    source: Option<Source>,
}

impl KeyFile {
    /// The size of the largest file that is read. Every part of a key has a 16-bit size, so this is ample.
    pub const MAX_SIZE: usize = 1 << 20;

    /// Returns a new key file without password, policy or description.
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
            old_layout: false,
            parent,
            public,
            private,
            unknown: Vec::new(),
            source: None,
        }
    }

    /// Reads PEM with either label and any text around it, or plain DER.
    ///
    /// # Errors
    /// [`Error`] if the bytes contain no such key or a damaged one.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        Contents::parse(bytes)?.key()
    }

    /// Reads the first PEM block with one of the two labels.
    ///
    /// # Errors
    /// [`Error`] if there is no such block or it is damaged.
    pub fn from_pem(bytes: &[u8]) -> Result<Self, Error> {
        Contents::from_pem(bytes)?.key()
    }

    /// Reads plain DER.
    ///
    /// # Errors
    /// [`Error`] if the DER is damaged or another structure.
    pub fn from_der(bytes: &[u8]) -> Result<Self, Error> {
        Contents::from_der(bytes)?.key()
    }

    /// Returns the file with another private area of the same key, as its parent wraps it: with another password, or none. An importable
    /// key becomes loadable.
    #[must_use]
    pub fn with_private(&self, private: Vec<u8>, empty_auth: bool) -> Self {
        let kind = if self.kind == Kind::Importable { Kind::Loadable } else { self.kind };
        Self { private, empty_auth, kind, secret: None, ..self.clone() }
    }

    /// Returns the DER. If the file was read, only the changed elements differ.
    ///
    /// # Errors
    /// [`Error::Rule`], [`Error::Parent`] or [`Error::Policy`] if the fields contradict each other, [`Error::Wire`] if one is too long.
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

    /// Returns the PEM block: the one that was read, if nothing has changed.
    ///
    /// # Errors
    /// As [`KeyFile::to_der`].
    pub fn to_pem(&self) -> Result<String, Error> {
        match self.source_of(&writer::write(self)?).map(|source| &source.form) {
            Some(Form::Pem { block, .. }) => Ok(block.clone()),
            _ => pem::encode(&self.to_der()?),
        }
    }

    /// Returns the whole file in the form in which it was read: DER, or PEM with the text around the block. A new key is PEM.
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

    /// Describes the primary key that is the parent, for people, if the parent is a hierarchy.
    #[must_use]
    pub const fn primary(&self) -> &'static str {
        match (self.old_layout, self.rsa_parent) {
            (true, _) => "old P-256 (without fixedTPM and fixedParent)",
            (false, true) => "RSA-2048",
            (false, false) => "P-256",
        }
    }

    /// Returns true if the file declares that there is no password by the byte 0x01, as the tools of tpm2-software do; DER and all
    /// other tools write 0xff. tpm2_encodeobject 5.4 to 5.7 means the opposite.
    #[must_use]
    pub fn may_be_inverted(&self) -> bool {
        let is_one = |source: &Source| {
            let elements = keep::elements(&source.der).unwrap_or_default();
            elements.iter().any(|(_, element)| element.full_data() == [0xa0, 3, 1, 1, 1])
        };
        self.empty_auth && self.source.as_ref().is_some_and(is_one)
    }

    /// Returns true if using the private key requires a password.
    ///
    /// This is so if the file declares a password and it has an effect: the password authorizes the key, or a statement of a policy
    /// requires it.
    #[must_use]
    pub fn needs_password(&self) -> bool {
        !self.empty_auth && (!self.uses_policy() || self.statements().any(asks_for_password))
    }

    /// Returns true if the user should be asked for a password.
    ///
    /// This is so if [`KeyFile::needs_password`] returns true, or if a policy requires the password of another entity, even if the key
    /// itself has none.
    #[must_use]
    pub fn asks_for_password(&self) -> bool {
        let secret = |statement: &Statement| statement.command == CommandCode::POLICY_SECRET;
        self.needs_password() || (self.uses_policy() && self.statements().any(secret))
    }

    /// Returns true if a policy session authorizes the key: userWithAuth is clear.
    #[must_use]
    pub const fn uses_policy(&self) -> bool {
        !self.public.attributes.contains(Attributes::USER_WITH_AUTH)
    }

    /// Returns the ways to satisfy the policy, in the order to try them; empty without a policy.
    #[must_use]
    pub fn policy_paths(&self) -> Vec<Path<'_>> {
        self.policy.as_deref().map(|policy| Path::all(policy, &self.auth_policies)).unwrap_or_default()
    }

    /// Returns all statements, including those of the signed policies.
    fn statements(&self) -> impl Iterator<Item = &Statement> {
        let signed = self.auth_policies.iter().flat_map(|signed| &signed.statements);
        self.policy.iter().flatten().chain(signed)
    }

    /// Returns what was read, if the fields have not changed since.
    fn source_of(&self, canonical: &[u8]) -> Option<&Source> {
        self.source.as_ref().filter(|source| source.canonical == canonical)
    }

    /// Checks what was read from this DER, and records its bytes.
    fn read_from(mut self, der: &[u8], form: Form) -> Result<Self, Error> {
        rules::check(&self)?;
        let canonical = writer::write(&self)?;
        self.source = Some(match reader::is_legacy(der) && !self.old_layout {
            // The standard layout can express the same and replaces it.
            true => Source { form: form.converted(&canonical)?, der: canonical.clone(), canonical },
            false => Source { form, der: der.to_vec(), canonical },
        });
        Ok(self)
    }
}

const fn asks_for_password(statement: &Statement) -> bool {
    matches!(
        statement.command,
        CommandCode::POLICY_AUTH_VALUE | CommandCode::POLICY_PASSWORD | CommandCode::POLICY_SECRET
    )
}
