//! Turns the bytes of a file into keys and certificates.

use std::path::Path;
use std::sync::Arc;

use keyfile::uri::{Location, Password, Uri};
use keyfile::{Attributes, Content, KeyFile, KeyReference, Public, contents};

use super::{Found, Naming, Parsed, blocks, is_der, notes_before, part};
use crate::certificate::Parts;
use crate::error::Error;
use crate::key::{Place, TokenKey};
use crate::notes::Notes;
use crate::{number, spki};

const HINT: &str = "`tpm2-keytool show FILE` describes a key file; move other files to another folder";

/// Returns what the bytes contain.
pub(super) fn parsed(path: &Path, bytes: &[u8], naming: Naming<'_>) -> Parsed {
    let mut parsed = Parsed::default();
    if is_der(bytes) {
        parsed.add_all(path, bytes, &Notes::default(), naming);
        return parsed;
    }
    let found = blocks(bytes);
    for (at, block) in found.iter().enumerate() {
        let (notes, _) = notes_before(bytes, block);
        let known = parsed.keys.len();
        parsed.add_all(path, part(bytes, block), &notes, naming);
        for key in parsed.keys.iter_mut().skip(known).filter_map(Arc::get_mut) {
            key.block = at;
        }
    }
    if found.is_empty() {
        parsed
            .faults
            .push(Error::file(path, "it contains no key or certificate, in PEM or DER", HINT).into());
    }
    parsed
}

impl Parsed {
    /// Adds everything in these bytes: one PEM block, or DER.
    fn add_all(&mut self, path: &Path, bytes: &[u8], notes: &Notes, naming: Naming<'_>) {
        let found = match contents(bytes) {
            Ok(found) => found,
            Err(error) if is_software_key(bytes) => {
                let hint = "wrap it with `tpm2-keytool create --wrap`, or move it to another folder";
                let problem = format!("it contains a software key or another block, not a TPM key: {error}");
                return self.faults.push(Error::file(path, problem, hint).into());
            }
            Err(error) => return self.faults.push(Error::file(path, error.to_string(), HINT).into()),
        };
        if notes.wrong_id {
            let hint = "write the line as id: and hexadecimal digits in pairs, for example id: 01";
            self.faults
                .push(Error::file(path, "the line id: before the PEM block is not hexadecimal", hint).into());
        }
        for content in found {
            if let Err(fault) = self.add(path, content, notes, naming) {
                self.faults.push(fault.into());
            }
        }
    }

    fn add(&mut self, path: &Path, content: Content, notes: &Notes, naming: Naming<'_>) -> Result<(), Error> {
        match content {
            Content::Key(file) => {
                let place = Place::File(file.clone());
                self.keys.extend(key(
                    path,
                    file.public,
                    (place, Password::Unspecified),
                    notes,
                    (naming, file.description),
                ));
            }
            Content::Reference(reference) => {
                let uri = referenced(path, &reference, naming)?;
                let Location::Key(handle) = uri.location else { return Err(no_handle(path)) };
                let place = Place::Handle { handle, empty_auth: reference.empty_auth, exact: true };
                // The reference states whether there is a password, so its URI need not mark it.
                let password = match uri.password {
                    Password::Unmarked => Password::Unspecified,
                    other => other,
                };
                self.keys.extend(key(path, reference.public, (place, password), notes, (naming, None)));
            }
            Content::Certificate(der) => self.certificates.extend(certificate(der, notes)),
            Content::PublicKey(der) => self.public.push(der),
            Content::RevocationList(_) => {}
        }
        Ok(())
    }
}

/// Returns the key of a file's block, for a change of the file; none if the block holds something else.
pub(crate) fn key_of(block: &[u8]) -> Option<KeyFile> {
    KeyFile::parse(block).ok()
}

fn referenced(path: &Path, reference: &KeyReference, naming: Naming<'_>) -> Result<Uri, Error> {
    Uri::parse(&reference.uri, naming.prefix)
        .map_err(|error| Error::file(path, error.to_string(), "write it again with `tpm2-keytool reference`"))
}

fn no_handle(path: &Path) -> Error {
    let problem = "it is a reference that does not refer to a persistent key";
    Error::file(path, problem, "write it again with `tpm2-keytool reference`")
}

/// Returns a key of the token; none for sealed data, symmetric keys, parents, and curves without an OID.
fn key(
    path: &Path,
    public: Public,
    (place, password): (Place, Password),
    notes: &Notes,
    (naming, description): (Naming<'_>, Option<String>),
) -> Option<Arc<TokenKey>> {
    if is_parent(&public) {
        return None;
    }
    let spki = spki::encoded(&public.key)?;
    let id = notes.id.clone().or_else(|| spki::id(&public.key))?;
    let described = description.filter(|description| !description.trim().is_empty());
    let label = notes.label.clone().or(described).unwrap_or_else(|| naming.label.to_owned());
    let path = Some(path.to_owned());
    let number = number::next();
    Some(Arc::new(TokenKey { number, id, label, public, spki, path, block: 0, place, password }))
}

/// Returns true if the key is a parent of other keys (Part 1 §25.1.2): restricted and decrypt.
pub(crate) fn is_parent(public: &Public) -> bool {
    public.attributes.contains(Attributes::RESTRICTED.union(Attributes::DECRYPT))
}

fn certificate(der: Vec<u8>, notes: &Notes) -> Option<Found> {
    let parts = Parts::of(&der)?;
    let key = spki::public_key(&parts.spki);
    let canonical = key.as_ref().and_then(spki::encoded);
    let id = key.as_ref().and_then(spki::id).unwrap_or_else(|| spki::id_of_unknown(&parts.spki));
    Some(Found {
        number: number::next(),
        label: notes.label.clone(),
        spki: canonical.unwrap_or_else(|| parts.spki.clone()),
        id,
        der,
        parts,
    })
}

/// Returns true if the block is a private key without a TPM.
fn is_software_key(bytes: &[u8]) -> bool {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    line.ends_with(b"PRIVATE KEY-----") && !line.ends_with(b"TSS2 PRIVATE KEY-----")
}
