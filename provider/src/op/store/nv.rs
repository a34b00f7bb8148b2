//! NV indexes: read by whoever may, with the password that fits.

use keyfile::uri::Password;
use keyfile::{Handle, NvAttributes, NvPublic};
use tpm::rc::ResponseCode;
use tpm::{Auth, ErrorKind, NvReader, Tpm};
use zeroize::Zeroizing;

use super::{Found, Opening, contents, password};
use crate::error::{Error, Reason, Result};

/// Opens what stands in an index.
///
/// # Errors
/// There is no index, it was never written, nobody may read it, its password is missing or wrong, or nothing of use is in it.
pub(super) fn open(index: Handle, given: &Password, opening: Opening<'_>) -> Result<Vec<Found>> {
    let (public, _) = opening.provider.tpm()?.nv_to_read(index).map_err(|error| match error.kind() {
        ErrorKind::NoObject => {
            let text =
                format!("there is no NV index {index}: `tpm2-keytool status` lists those that are there");
            Error::new(Reason::NoObject, text).with_source(error)
        }
        _ => Error::from(error),
    })?;
    if !public.attributes.is_ordinary() {
        let text =
            format!("NV index {index} is a counter, a bit field, a PCR or a PIN: it holds no contents");
        return Err(Error::new(Reason::WrongHandle, text));
    }
    let bytes = read(&public, given, opening)?;
    contents::found(&bytes, &Password::Unmarked, opening, &format!("NV index {index}"))
}

/// What can be read of an index without a password.
pub(super) enum Peek {
    /// Everything that was written; it may be a reference that holds a password.
    Contents(Zeroizing<Vec<u8>>),
    /// It holds nothing that has contents.
    Nothing,
    /// It is kept from us, for this reason.
    Kept(String),
}

/// Reads it without a password, if that can be.
///
/// # Errors
/// It is not this index that keeps it from us: the TPM cannot be asked, or its answer is not authentic.
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

/// Whether the TPM says of one index, its hierarchy or its password that it cannot be read.
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

/// The owner is tried first, for a wrong password of a hierarchy counts towards no lockout; then the index's own.
fn read(public: &NvPublic, given: &Password, opening: Opening<'_>) -> Result<Zeroizing<Vec<u8>>> {
    let tpm = opening.provider.tpm()?;
    let may = |attribute| public.attributes.contains(attribute);
    let (owner, own) = (may(NvAttributes::OWNER_READ), may(NvAttributes::AUTH_READ));
    if let Some(auth) = password::said(given)? {
        let reader = if own { NvReader::Index(Some(auth)) } else { hierarchy(public, Some(auth))? };
        return Ok(tpm.nv_read(public, &reader)?);
    }
    if !own || (owner && !matches!(given, Password::Asked)) {
        let reader = hierarchy(public, tpm.config().parent_auth.clone())?;
        match tpm.nv_read(public, &reader) {
            Err(error) if error.kind() == ErrorKind::Authorization && own => {}
            Err(error) if error.kind() == ErrorKind::Authorization => {
                let text = format!(
                    "NV index {} is read with the password of the hierarchy: give it as pin or pin-source in \
                     openssl.cnf, or as pin-value or pin-source of the URI",
                    public.index
                );
                return Err(Error::new(Reason::NvPassword, text).with_source(error));
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
    // Under dictionary-attack protection a wrong empty password counts: it is tried only after a form of URI that says that there is
    // none, never as the last try, and then nothing else is tried.
    let protected = !public.attributes.contains(NvAttributes::NO_DA);
    match given {
        Password::Unmarked if protected => return empty().map_err(|error| refused(public, error)),
        Password::Unspecified | Password::Unmarked if !protected => match empty() {
            Err(error) if error.kind() == ErrorKind::Authorization => {}
            read => return Ok(read?),
        },
        _ => {}
    }
    match password::asked(&format!("NV index {}", public.index), opening.passphrase) {
        Ok(auth) => Ok(tpm.nv_read(public, &NvReader::Index(Some(auth)))?),
        Err(_) => {
            let text = format!(
                "NV index {} has a password, and none was given: give it, for instance with -passin, or as pin-value \
                 or pin-source of the URI",
                public.index
            );
            Err(Error::new(Reason::NvPassword, text))
        }
    }
}

/// No password was given where the URI would say that there is one.
fn refused(public: &NvPublic, error: tpm::Error) -> Error {
    if error.kind() != ErrorKind::Authorization {
        return Error::from(error);
    }
    let text = format!(
        "NV index {} has a password, and its URI does not say so: write ?pass behind it and give the password, for instance \
         with -passin, or write ?pin-value or ?pin-source",
        public.index
    );
    Error::new(Reason::NvPassword, text).with_source(error)
}

/// Which hierarchy may read.
fn hierarchy(public: &NvPublic, auth: Option<Auth>) -> Result<NvReader> {
    let may = |attribute| public.attributes.contains(attribute);
    if may(NvAttributes::OWNER_READ) {
        return Ok(NvReader::Owner(auth));
    }
    if may(NvAttributes::PP_READ) {
        return Ok(NvReader::Platform(auth));
    }
    let text = format!("NV index {} can be read by a policy only, which is not supported", public.index);
    Err(Error::new(Reason::Unsupported, text))
}
