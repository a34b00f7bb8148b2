//! Reads TPMKey: strict about structure, liberal where other tools are.

use super::asn1_types::{Boolean, TpmAuthPolicy, TpmPolicy, Unsigned};
use super::held::Contents;
use super::{Error, KeyFile, Kind, legacy, persistent};
use crate::policy::{AuthPolicy, Statement};
use crate::wire::{Reader, Unmarshal, WireError};
use crate::{Handle, Public};
use asn1::{Asn1Readable, Explicit, ObjectIdentifier, Parser, Sequence, SequenceOf, Tlv, Utf8String};

/// The highest context tag that this version of the format knows.
const LAST_TAG: u32 = 5;

/// Reads either layout.
pub(super) fn read(der: &[u8]) -> Result<Contents, Error> {
    let sequence = asn1::parse_single::<Sequence<'_>>(der)?;
    sequence.parse(|p| {
        let oid = field::<ObjectIdentifier>(p, "type")?;
        match Kind::from_oid(&oid) {
            Some(kind) => body(p, kind),
            None if oid == legacy::OID => legacy::body(p),
            None => Err(Error::UnknownType { oid: oid.to_string() }),
        }
    })
}

/// Returns true if DER that was read before has the old layout.
pub(super) fn is_legacy(der: &[u8]) -> bool {
    let oid = |sequence: Sequence<'_>| {
        sequence.parse(|p| {
            let oid = field::<ObjectIdentifier>(p, "type")?;
            while !p.is_empty() {
                p.read_element::<Tlv<'_>>()?;
            }
            Ok::<_, Error>(oid)
        })
    };
    asn1::parse_single(der).map_err(Error::from).and_then(oid) == Ok(legacy::OID)
}

fn body(p: &mut Parser<'_>, kind: Kind) -> Result<Contents, Error> {
    let empty_auth = optional::<Boolean, 0>(p, "emptyAuth")?.is_some_and(|flag| flag.0);
    let policy = optional::<SequenceOf<'_, TpmPolicy<'_>>, 1>(p, "policy")?.map(statements);
    let secret = optional::<&[u8], 2>(p, "secret")?;
    let auth_policies = optional::<SequenceOf<'_, TpmAuthPolicy<'_>>, 3>(p, "authPolicy")?;
    let description = optional::<Utf8String<'_>, 4>(p, "description")?;
    let rsa_parent = optional::<Boolean, 5>(p, "rsaParent")?.is_some_and(|flag| flag.0);
    let unknown = unknown(p)?;
    let parent = parent(field::<Unsigned>(p, "parent")?);
    let public = field::<&[u8]>(p, "pubkey")?;
    let private = field::<&[u8]>(p, "privkey")?;
    if let Some(handle) = persistent::handle(private) {
        // A reference cannot express a policy, and only a key can be persistent in this way.
        let is_plain =
            kind == Kind::Loadable && policy.is_none() && secret.is_none() && auth_policies.is_none();
        return persistent::contents(handle, is_plain, empty_auth, public);
    }
    Ok(Contents::Key(Box::new(KeyFile {
        kind,
        empty_auth,
        policy,
        secret: secret.map(|bytes| sized(bytes, "secret")).transpose()?,
        auth_policies: auth_policies.map(|list| list.map(AuthPolicy::from).collect()).unwrap_or_default(),
        description: description.map(|text| text.as_str().to_owned()),
        rsa_parent,
        old_layout: false,
        parent,
        public: public_area(public)?,
        private: sized(private, "privkey")?,
        unknown,
        source: None,
    })))
}

/// Reads a required field.
pub(super) fn field<'a, T: Asn1Readable<'a>>(p: &mut Parser<'a>, field: &'static str) -> Result<T, Error> {
    p.read_element().map_err(|source| Error::Asn1 { field, source: Box::new(source) })
}

/// Reads an optional field with an explicit tag.
pub(super) fn optional<'a, T: Asn1Readable<'a>, const TAG: u32>(
    p: &mut Parser<'a>,
    name: &'static str,
) -> Result<Option<T>, Error> {
    Ok(field::<Option<Explicit<T, TAG>>>(p, name)?.map(Explicit::into_inner))
}

pub(super) fn statements(list: SequenceOf<'_, TpmPolicy<'_>>) -> Vec<Statement> {
    list.map(Statement::from).collect()
}

/// Returns the parent's handle. Old files write 0 for the owner hierarchy.
pub(super) const fn parent(number: Unsigned) -> Handle {
    match number.0 {
        0 => Handle::OWNER,
        handle => Handle(handle),
    }
}

pub(super) fn public_area(bytes: &[u8]) -> Result<Public, Error> {
    Public::from_sized(bytes).map_err(|source| Error::Wire { field: "pubkey", source })
}

/// Returns the contents of a TPM2B that fills a field.
pub(super) fn sized(bytes: &[u8], field: &'static str) -> Result<Vec<u8>, Error> {
    let inner = |bytes| -> Result<Vec<u8>, WireError> {
        let mut r = Reader::new(bytes);
        let inner = r.sized()?.to_vec();
        r.finish().map(|()| inner)
    };
    inner(bytes).map_err(|source| Error::Wire { field, source })
}

/// Reads the elements of a later version of the format, which grows by explicit tags.
fn unknown(p: &mut Parser<'_>) -> Result<Vec<Vec<u8>>, Error> {
    let mut elements = Vec::new();
    while p.peek_tag().is_some_and(|tag| tag.value() > LAST_TAG && tag == asn1::explicit_tag(tag.value())) {
        elements.push(field::<Tlv<'_>>(p, "an element of a later format")?.full_data().to_vec());
    }
    Ok(elements)
}
