//! Reads what a manufacturer stored in NV about its endorsement keys: a nonce for the template, or a whole template (TCG EK credential
//! profile §2.2.1.4). These values need not be trusted: a wrong template gives a key that does not match the certificate.

use keyfile::wire::Unmarshal;
use keyfile::{Curve, Handle, NvAttributes, Public, PublicKey};
use tpm::{Auth, NvReader, Tpm};
use zeroize::Zeroizing;

/// The indexes of the nonce and the template, for the RSA-2048 key and for the P-256 key.
const RSA: [Handle; 2] = [Handle(0x01c0_0003), Handle(0x01c0_0004)];
const ECC: [Handle; 2] = [Handle(0x01c0_000b), Handle(0x01c0_000c)];

/// Returns the templates in NV for keys with the type and size of `usual`. Most TPMs have none. `defined` are the indexes of this TPM, and
/// `owner` is the owner's password.
pub(super) fn templates(tpm: &Tpm, owner: Option<&Auth>, defined: &[Handle], usual: &Public) -> Vec<Public> {
    let [nonce, template] = match usual.key {
        PublicKey::Rsa { bits: 2048, .. } => RSA,
        PublicKey::Ecc { curve: Curve::P256, .. } => ECC,
        _ => return Vec::new(),
    };
    let read = |index| defined.contains(&index).then(|| read(tpm, owner, index)).flatten();
    let template = read(template).and_then(|bytes| Public::from_bytes(&bytes).ok());
    let nonce = read(nonce);
    let with_nonce = |template: &Public| nonce.as_ref().and_then(|nonce| with(template, nonce));
    let own = template.as_ref().unwrap_or(usual);
    let all = [with_nonce(own), template.clone()];
    all.into_iter().flatten().filter(|template| is_like(template, usual)).collect()
}

/// Returns the template with the nonce at the start of the unique field, which is filled up with zeros.
fn with(template: &Public, nonce: &[u8]) -> Option<Public> {
    let mut template = template.clone();
    let (unique, size) = match &mut template.key {
        PublicKey::Rsa { modulus, bits, .. } => (modulus, usize::from(*bits / 8)),
        PublicKey::Ecc { x, curve, .. } => (x, curve.field_bytes()),
        _ => return None,
    };
    *unique = nonce.to_vec();
    unique.resize(size, 0);
    (nonce.len() <= size).then_some(template)
}

fn is_like(template: &Public, usual: &Public) -> bool {
    match (&template.key, &usual.key) {
        (PublicKey::Rsa { bits, .. }, PublicKey::Rsa { bits: usual, .. }) => bits == usual,
        (PublicKey::Ecc { curve, .. }, PublicKey::Ecc { curve: usual, .. }) => curve == usual,
        _ => false,
    }
}

/// Reads an index, if no other password is needed.
pub(crate) fn read(tpm: &Tpm, owner: Option<&Auth>, index: Handle) -> Option<Zeroizing<Vec<u8>>> {
    let (public, _) = tpm.nv_public_before_read(index).ok()?;
    readers(public.attributes, owner).find_map(|reader| tpm.nv_read(&public, &reader).ok())
}

/// Returns the authorizations with which an index can be read without its password: the owner's, with the password of the settings, and the
/// index's empty password if a failure would not count. A PIN index counts failures itself, although every PIN Fail index has no_da (Part 3
/// §31.3.1).
pub(crate) fn readers(attributes: NvAttributes, owner: Option<&Auth>) -> impl Iterator<Item = NvReader> {
    let owner = attributes.contains(NvAttributes::OWNER_READ).then(|| NvReader::Owner(owner.cloned()));
    let own = attributes.contains(NvAttributes::AUTH_READ.union(NvAttributes::NO_DA));
    owner.into_iter().chain((own && !attributes.counts_by_itself()).then_some(NvReader::Index(None)))
}

#[cfg(test)]
mod tests {
    use tpm::template::Template;

    use super::*;

    #[test]
    fn nonce_is_at_the_start_of_the_unique_field() {
        let Some(Public { key: PublicKey::Ecc { x, .. }, .. }) =
            with(&Template::ecc(Curve::P256).public(), &[7; 20])
        else {
            panic!("no template")
        };
        assert_eq!((x.len(), &x[..20], &x[20..]), (32, &[7; 20][..], &[0; 12][..]));
        assert!(with(&Template::ecc(Curve::P256).public(), &[7; 33]).is_none());
        assert!(with(&Template::rsa(2048).public(), &[7; 256]).is_some());
    }
}
