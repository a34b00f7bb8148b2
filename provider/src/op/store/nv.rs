//! NV indexes: chooses who reads them, with which password.

use keyfile::uri::Password;
use keyfile::{Handle, NvAttributes, NvPublic};
use tpm::rc::ResponseCode;
use tpm::{Auth, ErrorKind, NvReader, Tpm};
use zeroize::Zeroizing;

use super::{Found, Opening, contents, password};
use crate::error::{Error, Reason, Result};

/// Opens the contents of an index.
///
/// # Errors
/// There is no index, it was never written, it cannot be read, its password is missing or wrong, or its
/// contents are not usable.
pub(super) fn open(index: Handle, given: &Password, opening: Opening<'_>) -> Result<Vec<Found>> {
    let (public, _) =
        opening.provider.tpm()?.nv_public_before_read(index).map_err(|error| match error.kind() {
            ErrorKind::NoObject => {
                let text = format!("there is no NV index {index}");
                let hint = "`tpm2-keytool status` lists all NV indexes";
                Error::new(Reason::NoObject, text).with_hint(hint).with_source(error)
            }
            _ => Error::from(error),
        })?;
    if !public.attributes.is_ordinary() {
        let text = format!("NV index {index} is a counter, a bit field, a PCR or a PIN, not data");
        return Err(Error::new(Reason::WrongHandle, text));
    }
    let bytes = read(&public, given, opening)?;
    contents::found(&bytes, &Password::Unmarked, opening, &format!("NV index {index}"))
}

/// The part of an index that can be read without a password.
pub(super) enum Peek {
    /// All bytes that were written. They may be a reference with a password.
    Contents(Zeroizing<Vec<u8>>),
    /// The index contains no data.
    Nothing,
    /// The index cannot be read, for this reason.
    Kept(String),
}

/// Reads the index without a password, if possible.
///
/// # Errors
/// The failure does not concern this index: the TPM is not reachable, or its answer is not authentic.
pub(super) fn peek(tpm: &Tpm, public: &NvPublic) -> Result<Peek> {
    let attributes = public.attributes;
    let may = |attribute| attributes.contains(attribute);
    if !attributes.is_ordinary() || !may(NvAttributes::WRITTEN) {
        return Ok(Peek::Nothing);
    }
    if may(NvAttributes::READ_LOCKED) {
        return Ok(Peek::Kept("the NV index is locked against reading until the next restart".to_owned()));
    }
    let mut kept = "the NV index is read with a password, or by a policy".to_owned();
    let owner = may(NvAttributes::OWNER_READ).then(|| NvReader::Owner(tpm.config().parent_auth.clone()));
    let own = may(NvAttributes::AUTH_READ.union(NvAttributes::NO_DA)).then_some(NvReader::Index(None));
    for reader in owner.into_iter().chain(own) {
        match tpm.nv_read(public, &reader) {
            Ok(bytes) => return Ok(Peek::Contents(bytes)),
            Err(error) if error.kind() == ErrorKind::Authorization => {}
            Err(error) if keeps_its_contents(&error) => kept = error.cause().to_string(),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Peek::Kept(kept))
}

/// Returns true if the error concerns only this index, its hierarchy or its password.
fn keeps_its_contents(error: &tpm::Error) -> bool {
    let about_it = |code: ResponseCode| {
        code.is_about_a_part()
            || matches!(code.base(), ResponseCode::NV_LOCKED | ResponseCode::NV_AUTHORIZATION)
    };
    match error.kind() {
        ErrorKind::NoObject | ErrorKind::NotWritten => true,
        ErrorKind::Tpm => error.response_code().map(ResponseCode).is_some_and(about_it),
        _ => false,
    }
}

/// Reads the index. The owner is tried first, because a wrong password of a hierarchy does not count towards
/// the lockout. Then the index's own password is used.
fn read(public: &NvPublic, given: &Password, opening: Opening<'_>) -> Result<Zeroizing<Vec<u8>>> {
    let tpm = opening.provider.tpm()?;
    let may = |attribute| public.attributes.contains(attribute);
    let (owner, own) = (may(NvAttributes::OWNER_READ), may(NvAttributes::AUTH_READ));
    if let Some(auth) = password::from_uri(given)? {
        let reader = if own { NvReader::Index(Some(auth)) } else { hierarchy(public, Some(auth))? };
        return Ok(tpm.nv_read(public, &reader)?);
    }
    if !own || (owner && !matches!(given, Password::Asked)) {
        let reader = hierarchy(public, tpm.config().parent_auth.clone())?;
        match tpm.nv_read(public, &reader) {
            Err(error) if error.kind() == ErrorKind::Authorization && own => {}
            Err(error) if error.kind() == ErrorKind::Authorization => {
                let text = format!("the hierarchy's password is needed to read NV index {}", public.index);
                let hint =
                    "give it as pin or pin-source in openssl.cnf, or as pin-value or pin-source of the URI";
                return Err(Error::new(Reason::NvPassword, text).with_source(error).with_hint(hint));
            }
            read => return Ok(read?),
        }
    }
    by_own_password(tpm, public, given, opening)
}

fn by_own_password(
    tpm: &Tpm,
    public: &NvPublic,
    given: &Password,
    opening: Opening<'_>,
) -> Result<Zeroizing<Vec<u8>>> {
    let empty = || tpm.nv_read(public, &NvReader::Index(None));
    // Under dictionary-attack protection a wrong empty password counts. It is tried only for a URI form that
    // states that there is no password, and never if it would lock the TPM. After it, no other password is
    // tried.
    let protected = !public.attributes.contains(NvAttributes::NO_DA);
    match given {
        Password::Unmarked if protected => return empty().map_err(|error| refused(public, error)),
        Password::Unspecified | Password::Unmarked if !protected => match empty() {
            Err(error) if error.kind() == ErrorKind::Authorization => {}
            read => return Ok(read?),
        },
        _ => {}
    }
    match password::prompt(&format!("NV index {}", public.index), opening.passphrase) {
        Ok(auth) => Ok(tpm.nv_read(public, &NvReader::Index(Some(auth)))?),
        Err(_) => {
            let text = format!("NV index {} has a password, and none was given", public.index);
            let hint = "give it, for example with -passin, or as pin-value or pin-source of the URI";
            Err(Error::new(Reason::NvPassword, text).with_hint(hint))
        }
    }
}

/// Explains a refusal if no password was given and the URI does not mention one.
fn refused(public: &NvPublic, error: tpm::Error) -> Error {
    if error.kind() != ErrorKind::Authorization {
        return Error::from(error);
    }
    let text = format!("NV index {} has a password, but its URI does not mention one", public.index);
    let hint = "append ?pass to the URI and give the password, for example with -passin, or append ?pin-value or ?pin-source";
    Error::new(Reason::NvPassword, text).with_source(error).with_hint(hint)
}

/// Returns the hierarchy that may read the index.
fn hierarchy(public: &NvPublic, auth: Option<Auth>) -> Result<NvReader> {
    let may = |attribute| public.attributes.contains(attribute);
    if may(NvAttributes::OWNER_READ) {
        return Ok(NvReader::Owner(auth));
    }
    if may(NvAttributes::PP_READ) {
        return Ok(NvReader::Platform(auth));
    }
    let text = format!("NV index {} can only be read with a policy, which is not supported", public.index);
    Err(Error::new(Reason::Unsupported, text))
}
