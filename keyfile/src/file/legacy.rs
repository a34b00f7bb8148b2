//! The layout from before the standard, PEM label `TSS2 KEY BLOB`. It is written only on request, or if the standard layout cannot
//! express the same: with a hierarchy as the parent it means a primary key without fixedTPM and fixedParent.

use super::asn1_types::{Boolean, TpmPolicy, Unsigned, sequence};
use super::held::Contents;
use super::reader::{field, optional, parent, public_area, sized, statements};
use super::{Error, KeyFile, Kind, persistent, writer};
use crate::wire::Marshal;
use asn1::{Explicit, ObjectIdentifier, Parser, SequenceOf, SequenceWriter, WriteError, oid};

/// The type of every key in the old layout.
pub(super) const OID: ObjectIdentifier = oid!(2, 23, 133, 10, 2);

/// Reads the fields after the type.
pub(super) fn body(p: &mut Parser<'_>) -> Result<Contents, Error> {
    let empty_auth = optional::<Boolean, 0>(p, "emptyAuth")?.is_some_and(|flag| flag.0);
    let number = optional::<Unsigned, 1>(p, "parent")?;
    let public = optional::<&[u8], 2>(p, "pubkey")?.ok_or(Error::Rule(
        "a key of the old layout without pubkey cannot be loaded; make the key file again",
    ))?;
    let policy = optional::<SequenceOf<'_, TpmPolicy<'_>>, 3>(p, "policy")?.map(statements);
    let private = field::<&[u8]>(p, "privkey")?;
    if let Some(handle) = persistent::handle(private) {
        return persistent::contents(handle, policy.is_none(), empty_auth, public);
    }
    let public = public_area(public)?;
    let private = sized(private, "privkey")?;
    // Without a parent, the key is a child of the owner hierarchy's primary key.
    let parent = parent(number.unwrap_or(Unsigned(0)));
    // The standard layout has no way to name this primary.
    let old_layout = parent.is_hierarchy();
    let key =
        KeyFile { empty_auth, policy, old_layout, ..KeyFile::new(Kind::Loadable, parent, public, private) };
    Ok(Contents::Key(Box::new(key)))
}

/// Writes the DER; fails if a field is set that this layout lacks.
pub(super) fn write(file: &KeyFile) -> Result<Vec<u8>, Error> {
    let lacks =
        file.secret.is_some() || file.description.is_some() || file.rsa_parent || file.kind != Kind::Loadable;
    if lacks || !file.auth_policies.is_empty() || !file.unknown.is_empty() {
        return Err(Error::Rule(
            "the layout before the standard has loadable keys only, without description, signed policies and elements of a later version",
        ));
    }
    let public = file.public.to_sized().map_err(|source| Error::Wire { field: "pubkey", source })?;
    let private = writer::sized(&file.private, "privkey")?;
    let fields = |w: &mut asn1::Writer<'_>| -> Result<(), WriteError> {
        w.write_element(&OID)?;
        w.write_element(&Explicit::<_, 0>::new(Boolean(file.empty_auth)))?;
        w.write_element(&Explicit::<_, 1>::new(Unsigned(file.parent.0)))?;
        w.write_element(&Explicit::<&[u8], 2>::new(public.as_slice()))?;
        w.write_element(&file.policy.as_deref().map(|policy| Explicit::<_, 3>::new(sequence(policy))))?;
        w.write_element(&private.as_slice())
    };
    Ok(asn1::write_single(&SequenceWriter::new(&fields))?)
}
