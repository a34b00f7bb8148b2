//! Writes TPMKey as DER.

use super::asn1_types::{Boolean, TpmAuthPolicyOut, Unsigned, sequence};
use super::{Error, KeyFile, legacy};
use crate::wire::{Marshal, WireError, Writer};
use asn1::{Explicit, SequenceOfWriter, SequenceWriter, Tlv, Utf8String, WriteError};

/// Returns the canonical DER of the fields.
pub(super) fn write(file: &KeyFile) -> Result<Vec<u8>, Error> {
    if file.old_layout {
        return legacy::write(file);
    }
    let secret = file.secret.as_ref().map(|secret| sized(secret, "secret")).transpose()?;
    let public = file.public.to_sized().map_err(|source| Error::Wire { field: "pubkey", source })?;
    let private = sized(&file.private, "privkey")?;
    let unknown = file.unknown.iter().map(|element| Ok(asn1::parse_single(element)?));
    let unknown = unknown.collect::<Result<Vec<Tlv<'_>>, Error>>()?;

    let fields = |w: &mut asn1::Writer<'_>| -> Result<(), WriteError> {
        w.write_element(&file.kind.oid())?;
        // FALSE is written too. Leaving it out means the same, but tpm2-openssl 1.1 then reads TRUE and asks for no password.
        w.write_element(&Explicit::<_, 0>::new(Boolean(file.empty_auth)))?;
        w.write_element(&file.policy.as_deref().map(|policy| Explicit::<_, 1>::new(sequence(policy))))?;
        w.write_element(&secret.as_deref().map(Explicit::<&[u8], 2>::new))?;
        if !file.auth_policies.is_empty() {
            let signed: Vec<_> = file.auth_policies.iter().map(TpmAuthPolicyOut::from).collect();
            w.write_element(&Explicit::<_, 3>::new(SequenceOfWriter::new(signed)))?;
        }
        let description = file.description.as_deref().map(Utf8String::new);
        w.write_element(&description.map(Explicit::<_, 4>::new))?;
        w.write_element(&file.rsa_parent.then(|| Explicit::<_, 5>::new(Boolean(true))))?;
        unknown.iter().try_for_each(|element| w.write_element(element))?;
        w.write_element(&Unsigned(file.parent.0))?;
        w.write_element(&public.as_slice())?;
        w.write_element(&private.as_slice())
    };
    Ok(asn1::write_single(&SequenceWriter::new(&fields))?)
}

/// Returns the bytes as the TPM2B that fills a field.
pub(super) fn sized(bytes: &[u8], field: &'static str) -> Result<Vec<u8>, Error> {
    let sized = || -> Result<Vec<u8>, WireError> {
        let mut w = Writer::new();
        w.sized(bytes);
        w.finish()
    };
    sized().map_err(|source| Error::Wire { field, source })
}
