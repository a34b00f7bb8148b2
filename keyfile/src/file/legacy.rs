//! Reads the layout from before the standard, PEM label `TSS2 KEY BLOB`. It is never written.

use super::asn1_types::{Boolean, TpmPolicy, Unsigned};
use super::reader::{field, optional, parent, public_area, sized, statements};
use super::{Error, KeyFile, Kind, persistent};
use asn1::{ObjectIdentifier, Parser, SequenceOf, oid};

/// The type of every key in the old layout.
pub(super) const OID: ObjectIdentifier = oid!(2, 23, 133, 10, 2);

/// Reads the fields after the type.
pub(super) fn body(p: &mut Parser<'_>) -> Result<KeyFile, Error> {
    let empty_auth = optional::<Boolean, 0>(p, "emptyAuth")?.is_some_and(|flag| flag.0);
    let number = optional::<Unsigned, 1>(p, "parent")?;
    let public = optional::<&[u8], 2>(p, "pubkey")?.ok_or(Error::Rule(
        "a key of the old layout without pubkey cannot be loaded; make the key file again",
    ))?;
    let policy = optional::<SequenceOf<'_, TpmPolicy<'_>>, 3>(p, "policy")?.map(statements);
    let private = field::<&[u8]>(p, "privkey")?;
    let public = public_area(public)?;
    if let Some(handle) = persistent::handle(private) {
        return Err(Error::Handle(handle));
    }
    let private = sized(private, "privkey")?;
    // Without a parent, the key is a child of the owner hierarchy's primary key.
    let parent = parent(number.unwrap_or(Unsigned(0)));
    Ok(KeyFile { empty_auth, policy, ..KeyFile::new(Kind::Loadable, parent, public, private) })
}
