//! Subject alternative names in DER: the description of a TPM, and permanent identifiers. OpenSSL has no interface for them.

use asn1::{Asn1Write, ObjectIdentifier, SequenceOfWriter, SetOfWriter, Utf8String, WriteError, oid};
use attestation::certificates::TpmName;

/// tpmManufacturer, tpmModel and tpmVersion (TCG EK credential profile §3.1.2).
const MANUFACTURER: ObjectIdentifier = oid!(2, 23, 133, 2, 1);
const MODEL: ObjectIdentifier = oid!(2, 23, 133, 2, 2);
const VERSION: ObjectIdentifier = oid!(2, 23, 133, 2, 3);
/// id-on-permanentIdentifier (RFC 4043)
const PERMANENT_IDENTIFIER: ObjectIdentifier = oid!(1, 3, 6, 1, 5, 5, 7, 8, 3);

#[derive(Asn1Write)]
struct Attribute<'a> {
    kind: ObjectIdentifier,
    value: Utf8String<'a>,
}

#[derive(Asn1Write)]
struct Identifier<'a> {
    value: Utf8String<'a>,
}

#[derive(Asn1Write)]
struct OtherName<'a> {
    kind: ObjectIdentifier,
    #[explicit(0, required)]
    value: Identifier<'a>,
}

type Name<'a> = SequenceOfWriter<'a, SetOfWriter<'a, Attribute<'a>>, Vec<SetOfWriter<'a, Attribute<'a>>>>;

#[derive(Asn1Write)]
enum GeneralName<'a> {
    #[implicit(0)]
    Other(OtherName<'a>),
    #[explicit(4)]
    Directory(Name<'a>),
}

/// Returns the names of a device, with the description of its TPM if there is one.
///
/// # Errors
/// They are too long.
pub(crate) fn names(identifier: &str, tpm: Option<&TpmName>) -> Result<Vec<u8>, WriteError> {
    let value = Identifier { value: Utf8String::new(identifier) };
    let mut names = vec![GeneralName::Other(OtherName { kind: PERMANENT_IDENTIFIER, value })];
    let attributes: Vec<[Attribute<'_>; 1]> = tpm
        .map(|tpm| [(MANUFACTURER, &tpm.manufacturer), (MODEL, &tpm.model), (VERSION, &tpm.version)])
        .into_iter()
        .flatten()
        .map(|(kind, value)| [Attribute { kind, value: Utf8String::new(value) }])
        .collect();
    if !attributes.is_empty() {
        let sets = attributes.iter().map(|attribute| SetOfWriter::new(attribute.as_slice()));
        names.push(GeneralName::Directory(SequenceOfWriter::new(sets.collect())));
    }
    asn1::write_single(&SequenceOfWriter::new(names.as_slice()))
}
