//! Errors as ACME reports them: problem documents (RFC 7807, RFC 8555 §6.7).

use serde_json::{Value, json};

/// The types of errors (RFC 8555 §6.7; badAttestationStatement is of draft-ietf-acme-device-attest).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    AccountDoesNotExist,
    BadAttestationStatement,
    BadCsr,
    BadNonce,
    BadPublicKey,
    BadSignatureAlgorithm,
    Malformed,
    OrderNotReady,
    RejectedIdentifier,
    ServerInternal,
    Unauthorized,
    UnsupportedIdentifier,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::AccountDoesNotExist => "accountDoesNotExist",
            Self::BadAttestationStatement => "badAttestationStatement",
            Self::BadCsr => "badCSR",
            Self::BadNonce => "badNonce",
            Self::BadPublicKey => "badPublicKey",
            Self::BadSignatureAlgorithm => "badSignatureAlgorithm",
            Self::Malformed => "malformed",
            Self::OrderNotReady => "orderNotReady",
            Self::RejectedIdentifier => "rejectedIdentifier",
            Self::ServerInternal => "serverInternal",
            Self::Unauthorized => "unauthorized",
            Self::UnsupportedIdentifier => "unsupportedIdentifier",
        }
    }

    fn status(self) -> u16 {
        match self {
            Self::OrderNotReady | Self::Unauthorized => 403,
            Self::ServerInternal => 500,
            _ => 400,
        }
    }
}

/// An error, and what is wrong.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    kind: Kind,
    status: u16,
    pub(crate) detail: String,
}

impl Problem {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, status: kind.status(), detail: detail.into() }
    }

    /// Returns the error for a path without a resource.
    pub(crate) fn not_found() -> Self {
        Self { kind: Kind::Malformed, status: 404, detail: "there is no such resource".into() }
    }

    /// Returns the error for a failure of OpenSSL or of the encoder.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        Self::new(Kind::ServerInternal, cause.to_string())
    }

    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// Returns the type, without the namespace.
    pub(crate) fn name(&self) -> &'static str {
        self.kind.name()
    }

    /// Returns the problem document.
    pub(crate) fn document(&self) -> Value {
        let kind = format!("urn:ietf:params:acme:error:{}", self.name());
        json!({ "type": kind, "detail": self.detail, "status": self.status })
    }
}
