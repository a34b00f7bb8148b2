//! A public area for programs: the object `key` of docs/json.md.

use keyfile::{Attributes, Public, PublicKey, Scheme};
use serde::Serialize;

/// The properties of a key, from its public area.
#[derive(Serialize)]
pub(crate) struct Key {
    r#type: &'static str,
    bits: Option<u16>,
    curve: Option<String>,
    scheme: Option<String>,
    name: Option<String>,
    name_hash: String,
    attributes: Vec<String>,
    lockout_protected: bool,
    used_by_policy_only: bool,
}

impl Key {
    /// Returns the properties of this key.
    pub(crate) fn of(public: &Public) -> Self {
        let (r#type, bits, curve) = match &public.key {
            PublicKey::Rsa { bits, .. } => ("RSA", Some(*bits), None),
            PublicKey::Ecc { curve, .. } => ("EC", Some(curve.bits()), Some(tpm::curve_name(*curve))),
            PublicKey::KeyedHash { .. } => ("keyed-hash", None, None),
            PublicKey::SymCipher { .. } => ("cipher", None, None),
        };
        let scheme = public.key.scheme().filter(|scheme| *scheme != Scheme::Null);
        Self {
            r#type,
            bits,
            curve,
            scheme: scheme.map(|scheme| scheme.to_string()),
            name: public.name().ok().map(|name| name.to_string()),
            name_hash: public.name_alg.to_string(),
            attributes: attribute_names(&public.attributes.to_string()),
            lockout_protected: !public.attributes.contains(Attributes::NO_DA),
            used_by_policy_only: !public.attributes.contains(Attributes::USER_WITH_AUTH),
        }
    }
}

/// Splits the attributes at `|`. `none` stands for no attribute.
fn attribute_names(attributes: &str) -> Vec<String> {
    attributes.split('|').filter(|name| *name != "none").map(str::to_owned).collect()
}
