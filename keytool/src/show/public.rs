//! Describes a public area.

use keyfile::{Attributes, Public, PublicKey, Scheme, Symmetric};

use super::uses::Uses;
use crate::json::Key;
use crate::rows::Rows;

/// Adds the rows about type and identity.
pub(crate) fn add_identity(rows: &mut Rows, public: &Public) {
    rows.fact("key", Key::of(public));
    rows.add("type", kind(&public.key));
    rows.add("made", origin(public.attributes));
    match public.name() {
        Ok(name) => rows.add("name", format_args!("{name} ({})", public.name_alg)),
        Err(error) => rows.add("name", error),
    }
}

/// Adds the rows about the attributes and their consequences.
pub(crate) fn add_rules(rows: &mut Rows, public: &Public) {
    let attributes = public.attributes;
    rows.add("attributes", attributes);
    rows.add(
        "lockout",
        match attributes.contains(Attributes::NO_DA) {
            true => "not under dictionary-attack protection: wrong passwords do not count (noDA)",
            false => "under dictionary-attack protection: wrong passwords count, and can lock the TPM's keys for some time",
        },
    );
    if let Some(scheme) = public.key.scheme().filter(|scheme| *scheme != Scheme::Null) {
        rows.add("scheme", format_args!("{scheme} only"));
    }
}

/// Adds the rows about the uses of the key.
pub(crate) fn add_uses(rows: &mut Rows, public: &Public) {
    let uses = Uses::of(public);
    rows.add("TLS 1.2", uses.tls12);
    rows.add("TLS 1.3", uses.tls13);
    rows.add("otherwise", uses.other);
}

fn kind(key: &PublicKey) -> String {
    match key {
        PublicKey::Rsa { bits, exponent: 0 | PublicKey::DEFAULT_EXPONENT, .. } => format!("RSA, {bits} bits"),
        PublicKey::Rsa { bits, exponent, .. } => format!("RSA, {bits} bits, public exponent {exponent}"),
        PublicKey::Ecc { curve, .. } => match curve.openssl_name() {
            Some(openssl) => format!("EC, curve {curve} ({openssl}), {} bits", curve.bits()),
            None => format!("EC, curve {curve}, {} bits", curve.bits()),
        },
        PublicKey::KeyedHash { .. } => "keyed hash: sealed data or an HMAC key".to_owned(),
        PublicKey::SymCipher { symmetric: Symmetric::Cipher { algorithm, bits, .. }, .. } => {
            format!("cipher key, {algorithm}, {bits} bits")
        }
        PublicKey::SymCipher { .. } => "cipher key".to_owned(),
    }
}

fn origin(attributes: Attributes) -> &'static str {
    if attributes.contains(Attributes::FIXED_TPM | Attributes::SENSITIVE_DATA_ORIGIN) {
        "inside the TPM; it cannot leave it"
    } else if attributes.contains(Attributes::FIXED_TPM) {
        "outside, or from data given to the TPM; it cannot leave the TPM"
    } else if attributes.contains(Attributes::SENSITIVE_DATA_ORIGIN) {
        "inside a TPM; its policy may let it move to another"
    } else {
        "outside the TPM, then wrapped for it: copies of the original may exist"
    }
}
