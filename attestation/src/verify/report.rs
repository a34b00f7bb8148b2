//! The result: one line for each check.

use std::fmt;

/// What a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The contents of the EK certificate.
    EkCertificate,
    /// The chain of the EK certificate.
    EkChain,
    /// The attestation key is in the TPM of the EK certificate.
    AkBinding,
    /// The contents of the certificate of the attestation key.
    AkCertificate,
    /// The chain of that certificate.
    AkChain,
    /// The public area of the attestation key is that of the certified, challenged or recorded key.
    AkKey,
    /// The attestation key is restricted, and cannot leave its TPM.
    AkAttributes,
    /// The algorithms of the attestation key and of its signature.
    AkAlgorithm,
    /// The permanent identifier in the certificate of the attestation key.
    Identifier,
    /// The signature of the statement.
    Signature,
    /// The TPM has made the statement (TPM_GENERATED_VALUE).
    Magic,
    /// The statement is one of TPM2_Certify.
    Type,
    /// The rest of the statement can be read.
    Statement,
    /// The nonce in the statement.
    ExtraData,
    /// The Name and the hierarchy of the attestation key in the statement.
    QualifiedSigner,
    /// The statement is about the key with this public area.
    KeyName,
    /// The key cannot leave its TPM, was made in it, and is not restricted.
    KeyAttributes,
    /// The algorithm of the key.
    KeyAlgorithm,
    /// The key is that of the request.
    KeyRequest,
    /// The key has signed the request.
    RequestSignature,
}

impl Subject {
    /// Returns the name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EkCertificate => "ek-certificate",
            Self::EkChain => "ek-chain",
            Self::AkBinding => "ak-binding",
            Self::AkCertificate => "ak-certificate",
            Self::AkChain => "ak-chain",
            Self::AkKey => "ak-key",
            Self::AkAttributes => "ak-attributes",
            Self::AkAlgorithm => "ak-algorithm",
            Self::Identifier => "identifier",
            Self::Signature => "signature",
            Self::Magic => "magic",
            Self::Type => "type",
            Self::Statement => "statement",
            Self::ExtraData => "extra-data",
            Self::QualifiedSigner => "qualified-signer",
            Self::KeyName => "key-name",
            Self::KeyAttributes => "key-attributes",
            Self::KeyAlgorithm => "key-algorithm",
            Self::KeyRequest => "key-request",
            Self::RequestSignature => "request-signature",
        }
    }
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A signature, a decryption or a digest shows it.
    Proven,
    /// Someone whom the server trusts says it.
    Believed,
    /// It is false, or cannot be shown.
    Refused,
}

impl Outcome {
    /// Returns the word in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Believed => "believed",
            Self::Refused => "refused",
        }
    }
}

/// One line of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was checked.
    pub subject: Subject,
    /// The result.
    pub outcome: Outcome,
    /// Why.
    pub cause: String,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.outcome.name(), self.subject.name(), self.cause)
    }
}

/// All checks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    checks: Vec<Check>,
}

impl Report {
    /// Returns the checks in the order in which they depend on each other.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// Returns true if no check is refused.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.refused().next().is_none()
    }

    /// Returns the refused checks.
    pub fn refused(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.outcome == Outcome::Refused)
    }

    pub(super) fn proven(&mut self, subject: Subject, cause: impl Into<String>) {
        self.add(subject, Outcome::Proven, cause.into());
    }

    pub(super) fn believed(&mut self, subject: Subject, cause: impl Into<String>) {
        self.add(subject, Outcome::Believed, cause.into());
    }

    pub(super) fn refuse(&mut self, subject: Subject, cause: impl Into<String>) {
        self.add(subject, Outcome::Refused, cause.into());
    }

    /// Adds a check that proves something or fails.
    pub(super) fn check(&mut self, subject: Subject, valid: bool, (good, bad): (&str, &str)) {
        match valid {
            true => self.proven(subject, good),
            false => self.refuse(subject, bad),
        }
    }

    /// Adds a check with the result of a function.
    pub(super) fn result<E: fmt::Display>(&mut self, subject: Subject, result: Result<(), E>, good: &str) {
        match result {
            Ok(()) => self.proven(subject, good),
            Err(cause) => self.refuse(subject, cause.to_string()),
        }
    }

    fn add(&mut self, subject: Subject, outcome: Outcome, cause: String) {
        self.checks.push(Check { subject, outcome, cause });
    }
}
