//! Writes a TPM key as its TSS2 key file, unchanged, and a persistent key as a reference file. This happens
//! for every requested structure of private keys, because no other structure can contain a TPM key.

use std::ffi::CStr;
use std::marker::PhantomData;

use keyfile::{KeyFile, KeyReference};

use super::Output;
use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::{Form, Selection};
use crate::key::{Key, TpmKey};

/// The key file in PEM.
pub(crate) struct Pem<S>(PhantomData<S>);
/// The key file in DER.
pub(crate) struct Der<S>(PhantomData<S>);

/// A structure of private keys, used for software keys.
pub(crate) trait Structure: 'static {
    const NAME: &'static CStr;
    /// True if bare parameters are written in this structure too.
    const HAS_PARAMETERS: bool = false;

    /// Returns true if this selection is written in the structure.
    fn takes(selection: Selection) -> bool {
        let bare = selection.any(Selection::PARAMETERS) && !selection.any(Selection::KEYS);
        selection.any(Selection::PRIVATE_KEY) || (Self::HAS_PARAMETERS && bare)
    }
}

/// PKCS#8.
pub(crate) struct PrivateKeyInfo;
/// OpenSSL's structure before PKCS#8; `openssl ec` writes nothing else.
pub(crate) struct TypeSpecific;
/// The same structure for EC keys, which have parameters.
pub(crate) struct WithParameters;
/// The same structure for RSA keys by another name, for `openssl rsa -traditional`.
pub(crate) struct Pkcs1;

impl Structure for PrivateKeyInfo {
    const NAME: &'static CStr = c"PrivateKeyInfo";
}
impl Structure for TypeSpecific {
    const NAME: &'static CStr = c"type-specific";
}
impl Structure for WithParameters {
    const NAME: &'static CStr = c"type-specific";
    const HAS_PARAMETERS: bool = true;
}
impl Structure for Pkcs1 {
    const NAME: &'static CStr = c"pkcs1";
}

impl<S: Structure> Output for Pem<S> {
    const FORM: Form = Form { output: c"PEM", structure: Some(S::NAME) };

    fn takes(selection: Selection) -> bool {
        S::takes(selection)
    }

    fn tpm_key(key: &Key, tpm: &TpmKey, selection: Selection) -> Result<Vec<u8>> {
        if !selection.any(Selection::PRIVATE_KEY) {
            return parameters(key, selection, Self::FORM);
        }
        match reference(tpm)? {
            Some(reference) => Ok(std::mem::take(&mut *reference.to_pem()?).into_bytes()),
            None => Ok(file(tpm)?.to_pem()?.into_bytes()),
        }
    }
}

impl<S: Structure> Output for Der<S> {
    const FORM: Form = Form { output: c"DER", structure: Some(S::NAME) };

    fn takes(selection: Selection) -> bool {
        S::takes(selection)
    }

    fn tpm_key(key: &Key, tpm: &TpmKey, selection: Selection) -> Result<Vec<u8>> {
        if !selection.any(Selection::PRIVATE_KEY) {
            return parameters(key, selection, Self::FORM);
        }
        match reference(tpm)? {
            Some(reference) => Ok(std::mem::take(&mut *reference.to_der()?)),
            None => Ok(file(tpm)?.to_der()?),
        }
    }
}

/// Writes bare parameters as software does for the public half.
fn parameters(key: &Key, selection: Selection, form: Form) -> Result<Vec<u8>> {
    Ok(std::mem::take(&mut *key.software()?.encode(selection, form, None)?))
}

/// The reference to a persistent key.
fn reference(tpm: &TpmKey) -> Result<Option<&KeyReference>> {
    match tpm.at_handle() {
        Some(at_handle) if !at_handle.handle.is_persistent() => {
            let text = format!(
                "the key at {} is a transient object, which a file cannot refer to",
                at_handle.handle
            );
            Err(Error::new(Reason::WrongHandle, text).with_hint("make it persistent (tpm2_evictcontrol)"))
        }
        at_handle => Ok(at_handle.map(|at_handle| &at_handle.reference)),
    }
}

fn file(tpm: &TpmKey) -> Result<&KeyFile> {
    tpm.file().ok_or_else(|| {
        let text = "cannot write a key file: this key has only its public half";
        Error::new(Reason::NoKey, text).with_hint("write the public half (-pubout)")
    })
}
