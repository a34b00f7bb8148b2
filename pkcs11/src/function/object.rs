//! Objects: their attributes; certificates that are stored, and objects that are renamed or removed in a folder.

use std::sync::Arc;

use cryptoki_sys::*;
use tokens::Contents;

use crate::error::{Error, Result};
use crate::ffi::{Answers, Slot as Place, Template};
use crate::module::Module;
use crate::object::{self, Found, Object};
use crate::session::Session;

pub(crate) fn attributes(
    (handle, which, answers): (CK_SESSION_HANDLE, CK_OBJECT_HANDLE, Answers<'_>),
) -> Result<()> {
    let (_, session, contents, object) = opened(handle, which)?;
    answers.fill(|attribute| object.attribute(&session.slot, &contents, attribute))
}

/// The size is that of the values that identify the object; it has no other use.
pub(crate) fn size(
    (handle, which, place): (CK_SESSION_HANDLE, CK_OBJECT_HANDLE, Place<'_, CK_ULONG>),
) -> Result<()> {
    let (_, session, contents, object) = opened(handle, which)?;
    let length = |attribute| match object.attribute(&session.slot, &contents, attribute) {
        Found::Value(value) => value.len(),
        Found::Sensitive | Found::Unknown => 0,
    };
    let size: usize = [CKA_VALUE, CKA_PUBLIC_KEY_INFO, CKA_LABEL, CKA_ID].map(length).into_iter().sum();
    place.put(CK_ULONG::try_from(size).unwrap_or(CK_UNAVAILABLE_INFORMATION));
    Ok(())
}

/// Stores a certificate. Private keys are imported by `tpm2-keytool create`, which wraps them for the TPM.
pub(crate) fn create(
    (handle, template, place): (CK_SESSION_HANDLE, Template<'_>, Place<'_, CK_OBJECT_HANDLE>),
) -> Result<()> {
    let session = Module::current()?.session(handle)?;
    match template.number(CKA_CLASS)? {
        Some(CKO_CERTIFICATE) => {}
        // Programs write both halves of a new key; the public half is in the key file already.
        Some(CKO_PUBLIC_KEY) => return existing_public_key(&session, &template, place),
        None => return Err(Error::new(CKR_TEMPLATE_INCOMPLETE, "the class of the object is missing")),
        Some(class) => {
            let text = format!("objects of class {class} cannot be stored");
            let hint = "generate the key in the token, or import it with `tpm2-keytool create --import`";
            return Err(Error::new(CKR_TEMPLATE_INCONSISTENT, text).with_hint(hint));
        }
    }
    session.check_writable()?;
    if template.flag(CKA_TOKEN)? != Some(true) {
        return Err(Error::new(CKR_TEMPLATE_INCONSISTENT, "certificates of a session are not supported"));
    }
    if template.number(CKA_CERTIFICATE_TYPE)?.is_some_and(|kind| kind != CKC_X_509) {
        return Err(Error::new(CKR_ATTRIBUTE_VALUE_INVALID, "only X.509 certificates can be stored"));
    }
    let der = template.bytes(CKA_VALUE);
    let der =
        der.ok_or_else(|| Error::new(CKR_TEMPLATE_INCOMPLETE, "the certificate is missing (CKA_VALUE)"))?;
    let label = template.text(CKA_LABEL)?.filter(|label| !label.is_empty());
    let certificate = session.slot.change(|token| token.add_certificate(der, label))?;
    place.put(Object::Certificate(certificate).handle());
    Ok(())
}

fn existing_public_key(
    session: &Session,
    template: &Template<'_>,
    place: Place<'_, CK_OBJECT_HANDLE>,
) -> Result<()> {
    let contents = session.slot.contents()?;
    let numbers = [CKA_MODULUS, CKA_PUBLIC_EXPONENT, CKA_EC_PARAMS, CKA_EC_POINT];
    let same = |object: &Object| {
        let given: Vec<_> = template.iter().filter(|(attribute, _)| numbers.contains(attribute)).collect();
        !given.is_empty()
            && given.iter().all(|(attribute, value)| {
                matches!(object.attribute(&session.slot, &contents, *attribute), Found::Value(own) if own.as_slice() == *value)
            })
    };
    let known = contents.keys.iter().map(|key| Object::Public(Arc::clone(key))).find(same);
    let known = known.ok_or_else(|| {
        Error::new(CKR_TEMPLATE_INCONSISTENT, "the token stores no public key without its private key")
    })?;
    place.put(known.handle());
    Ok(())
}

/// Removes a key or a certificate: its file gets another name. The public half stays as long as its key.
pub(crate) fn destroy((handle, which): (CK_SESSION_HANDLE, CK_OBJECT_HANDLE)) -> Result<()> {
    let (module, session, _, object) = match opened(handle, which) {
        Err(error) if error.code() == CKR_OBJECT_HANDLE_INVALID => {
            return removed_before(handle, which).ok_or(error);
        }
        opened => opened?,
    };
    match object {
        Object::Secret(secret) => {
            module.remove_secret(secret.handle());
            Ok(())
        }
        Object::Private(key) => {
            session.check_writable()?;
            session.slot.remove(&key)
        }
        // Programs remove both halves, in either order.
        Object::Public(_) => session.check_writable(),
        Object::Certificate(certificate) => {
            session.check_writable()?;
            session.slot.remove_certificate(&certificate)
        }
    }
}

/// Returns `None` unless the object is the public half of a key that this process has removed.
fn removed_before(handle: CK_SESSION_HANDLE, which: CK_OBJECT_HANDLE) -> Option<()> {
    let session = Module::current().ok()?.session(handle).ok()?;
    session.slot.has_removed(object::public_key_number(which)?).then_some(())
}

/// Changes the label or the identifier of a key. Certificates get theirs from their key.
pub(crate) fn set_attributes(
    (handle, which, template): (CK_SESSION_HANDLE, CK_OBJECT_HANDLE, Template<'_>),
) -> Result<()> {
    let (_, session, contents, object) = opened(handle, which)?;
    // A value that the attribute already has is no change.
    let is_set = |attribute, value: &[u8]| matches!(object.attribute(&session.slot, &contents, attribute), Found::Value(own) if own.as_slice() == value);
    let changes: Vec<_> = template.iter().filter(|(attribute, value)| !is_set(*attribute, value)).collect();
    if changes.is_empty() {
        return Ok(());
    }
    session.check_writable()?;
    let (Object::Private(mut key) | Object::Public(mut key)) = object else {
        return Err(Error::new(CKR_ATTRIBUTE_READ_ONLY, "only the attributes of keys can be changed"));
    };
    // NSS writes the subject of a certificate into its key, where it has no effect.
    if let Some((attribute, _)) =
        changes.iter().find(|(one, _)| ![CKA_LABEL, CKA_ID, CKA_SUBJECT].contains(one))
    {
        let text = format!("attribute 0x{attribute:x} of a key cannot be changed");
        return Err(Error::new(CKR_ATTRIBUTE_READ_ONLY, text));
    }
    let label = template.text(CKA_LABEL)?.unwrap_or_default();
    for (attribute, value) in changes {
        key = match attribute {
            CKA_LABEL => session.slot.change(|token| token.set_label(&key, label))?,
            CKA_ID => session.slot.change(|token| token.set_id(&key, value))?,
            _ => key,
        };
    }
    Ok(())
}

type Opened = (Arc<Module>, Arc<Session>, Arc<Contents>, Object);

/// The object with a handle, among what was last found.
fn opened(handle: CK_SESSION_HANDLE, which: CK_OBJECT_HANDLE) -> Result<Opened> {
    let module = Module::current()?;
    let session = module.session(handle)?;
    let find = |contents: Arc<Contents>| {
        let object = Object::find(&module, &session.slot, &contents, which)?;
        Ok((Arc::clone(&module), Arc::clone(&session), contents, object))
    };
    // A new object is not among what was found before.
    find(session.slot.known()?).or_else(|_: Error| find(session.slot.contents()?))
}
