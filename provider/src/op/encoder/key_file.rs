//! A TPM key as its TSS2 file, as it was read; a persistent key as a file that leads to it.

use keyfile::KeyFile;

use super::Output;
use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::{Form, Selection};
use crate::key::{Key, TpmKey};

/// The file in PEM.
pub(crate) struct Pem;
/// The file in DER.
pub(crate) struct Der;

impl Output for Pem {
    const FORM: Form = Form { output: c"PEM", structure: Some(c"PrivateKeyInfo") };

    fn takes(selection: Selection) -> bool {
        selection.any(Selection::PRIVATE_KEY)
    }

    fn tpm_key(_: &Key, tpm: &TpmKey, _: Selection) -> Result<Vec<u8>> {
        match tpm.reference() {
            Some(reference) => Ok(reference.to_pem()?.into_bytes()),
            None => Ok(file(tpm)?.to_pem()?.into_bytes()),
        }
    }
}

impl Output for Der {
    const FORM: Form = Form { output: c"DER", structure: Some(c"PrivateKeyInfo") };

    fn takes(selection: Selection) -> bool {
        selection.any(Selection::PRIVATE_KEY)
    }

    fn tpm_key(_: &Key, tpm: &TpmKey, _: Selection) -> Result<Vec<u8>> {
        match tpm.reference() {
            Some(reference) => Ok(reference.to_der()?),
            None => Ok(file(tpm)?.to_der()?),
        }
    }
}

fn file(tpm: &TpmKey) -> Result<&KeyFile> {
    tpm.file().ok_or_else(|| {
        let text = "this is the public half of a key, and there is no file to write: write the public half (-pubout)";
        Error::new(Reason::NoKey, text)
    })
}
