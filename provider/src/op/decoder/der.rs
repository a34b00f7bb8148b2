//! Turns DER into a key object. The decoders of RSA, RSA-PSS and EC differ in the keys that they accept.

use std::marker::PhantomData;
use std::sync::Arc;

use keyfile::{Held, KeyFile, KeyReference, Public};
use tpm::Auth;
use zeroize::Zeroizing;

use super::last_error;
use super::passing::OBJECT_KEY;
use super::reference::{self, referenced};
use crate::error::{Error, Reason, Result};
use crate::ffi::bio::Bio;
use crate::ffi::callback::{Callback, Passphrase};
use crate::ffi::crypto::Selection;
use crate::ffi::op::decoder::Decoder;
use crate::ffi::params::ParamList;
use crate::key::{Key, Kind, Material, TpmKey};
use crate::op::keymgmt::KeyType;
use crate::op::store;
use crate::provider::Provider;

/// Accepts key files with keys of one type.
pub(crate) struct KeyDecoder<T>(PhantomData<T>);

impl<T: KeyType> Decoder for KeyDecoder<T> {
    fn does_selection(_: Selection) -> bool {
        true
    }

    fn decode(
        provider: &Arc<Provider>,
        input: Bio<'_>,
        selection: Selection,
        found: &Callback<'_>,
        passphrase: &Passphrase<'_>,
    ) -> Result<bool> {
        Self::key(provider, input, selection, found, passphrase).inspect_err(last_error::keep)
    }
}

impl<T: KeyType> KeyDecoder<T> {
    fn key(
        provider: &Arc<Provider>,
        mut input: Bio<'_>,
        selection: Selection,
        found: &Callback<'_>,
        passphrase: &Passphrase<'_>,
    ) -> Result<bool> {
        let mut der = Zeroizing::new(Vec::with_capacity(HEAD_BYTES));
        input.read(provider.core(), HEAD_BYTES, &mut der);
        if KeyReference::is_der(&der) {
            // The capacity is reserved in advance: a buffer that grows leaves copies of a password behind.
            let room = KeyReference::MAX_SIZE.saturating_add(HEAD_BYTES);
            let mut whole = Zeroizing::new(Vec::with_capacity(room));
            whole.extend_from_slice(&der);
            input.read(provider.core(), KeyReference::MAX_SIZE, &mut whole);
            return Self::reference(provider, &whole, selection, found, passphrase);
        }
        if !is_key_file(&der) {
            return Ok(true);
        }
        input.read(provider.core(), KeyFile::MAX_SIZE, &mut der);
        let file = match Held::from_der(&der)? {
            Held::Reference(reference) => {
                return Self::reference(provider, &reference.to_der()?, selection, found, passphrase);
            }
            Held::Key(file) => *file,
        };
        if type_of(&file.public)? != T::KIND {
            return Ok(true);
        }
        let key = if wants_private(selection) {
            let auth = password(&file, passphrase)?;
            TpmKey::from_file(file, auth).opened(provider)?
        } else {
            TpmKey::public_only(file.public)
        };
        Ok(Self::pass_key(provider, key, found))
    }

    fn reference(
        provider: &Arc<Provider>,
        der: &[u8],
        selection: Selection,
        found: &Callback<'_>,
        passphrase: &Passphrase<'_>,
    ) -> Result<bool> {
        let reference = KeyReference::from_der(der)?;
        if type_of(&reference.public)? != T::KIND {
            return Ok(true);
        }
        let key = match wants_private(selection) {
            true => referenced(provider, reference, None, passphrase)?,
            false => {
                reference::read(provider, &reference)?;
                TpmKey::public_only(reference.public)
            }
        };
        Ok(Self::pass_key(provider, key, found))
    }

    fn pass_key(provider: &Arc<Provider>, key: TpmKey, found: &Callback<'_>) -> bool {
        let mut list = ParamList::new();
        list.int(c"type", OBJECT_KEY).text(c"data-type", T::KIND.name());
        found.call_with_key(list, Arc::new(Key::new(provider, T::KIND, Material::Tpm(key))))
    }
}

/// The number of bytes that identify a key file: SEQUENCE, its length, and the type's OID or the description.
pub(super) const HEAD_BYTES: usize = 32;

/// Returns true if the OID belongs to the file format: 2.23.133.10, the arc of the TCG's key files. A damaged
/// file of that arc is an error; other input is left to other decoders.
pub(super) fn is_key_file(head: &[u8]) -> bool {
    const ARC: [u8; 4] = [0x67, 0x81, 0x05, 0x0a];
    let Some([0x30, length, rest @ ..]) = head.get(..16) else { return false };
    // X.690 §8.1.3: the number of additional length bytes, or the length itself.
    let further = if length & 0x80 == 0 { 0 } else { usize::from(length & 0x7f) };
    let Some([0x06, _, oid @ ..]) = rest.get(further..) else { return false };
    oid.starts_with(&ARC)
}

/// Returns the type of a key.
///
/// # Errors
/// `WrongKey`: it is not an asymmetric key.
pub(crate) fn type_of(public: &Public) -> Result<Kind> {
    Kind::of(public).ok_or_else(|| {
        let text = "the file contains sealed data or a symmetric key";
        Error::new(Reason::WrongKey, text).with_hint("unseal data with `tpm2-keytool unseal`")
    })
}

/// Returns true if the private half is wanted. An empty selection means that the caller does not know what to
/// expect: everything.
fn wants_private(selection: Selection) -> bool {
    selection == Selection(0) || selection.any(Selection::PRIVATE_KEY)
}

/// Asks for the password if the key needs one. No lock is held meanwhile.
///
/// # Errors
/// `PasswordMissing`: the key needs a password, and there is no answer.
pub(crate) fn password(file: &KeyFile, passphrase: &Passphrase<'_>) -> Result<Option<Auth>> {
    if !file.asks_for_password() {
        return Ok(None);
    }
    let what = file.description.as_deref().unwrap_or("TPM key");
    match store::prompt(what, passphrase) {
        // The policy may work without a password.
        Err(_) if !file.needs_password() => Ok(None),
        // tpm2_encodeobject 5.4 to 5.7 marks keys without a password as keys with one, and its files have no
        // other mark.
        Err(_) => {
            // The author of a key file must not control the terminal of the user who opens it.
            let what: String = what.chars().filter(|character| !character.is_control()).collect();
            let hint = "give it, for example with -passin; if tpm2_encodeobject 5.4 to 5.7 made the file, try the empty password (pass:)";
            let text = format!("the key {what:?} has a password, and none was given");
            Err(Error::new(Reason::PasswordMissing, text).with_hint(hint))
        }
        asked => asked.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::is_key_file;

    #[test]
    fn a_key_file_is_recognized_by_its_oid() {
        let long = b"\x30\x82\x01\x23\x06\x06\x67\x81\x05\x0a\x01\x03\xa0\x03\x01\x01\x01";
        let short = b"\x30\x23\x06\x05\x67\x81\x05\x0a\x02\xa0\x03\x01\x01\x01\x01\x01";
        assert!(is_key_file(long) && is_key_file(short));
        // A PrivateKeyInfo, a certificate, a damaged file, a file that is too short.
        assert!(!is_key_file(b"\x30\x82\x04\xbd\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7"));
        assert!(!is_key_file(b"\x30\x82\x03\x05\x30\x82\x01\xed\xa0\x03\x02\x01\x02\x02\x14\x1b"));
        assert!(!is_key_file(&long[..12]));
        assert!(!is_key_file(&[0x30; 16]));
    }
}
