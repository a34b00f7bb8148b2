//! The public half of a TPM key, as OpenSSL writes it.
//!
//! Without these encoders OpenSSL would export the key, and the option for the point format would be lost
//! (`openssl ec -conv_form`).

use super::Output;
use crate::error::Result;
use crate::ffi::crypto::{Form, Selection};
use crate::key::{Key, TpmKey};

/// SubjectPublicKeyInfo in PEM.
pub(crate) struct PublicPem;
/// SubjectPublicKeyInfo in DER.
pub(crate) struct PublicDer;

impl Output for PublicPem {
    const FORM: Form = Form { output: c"PEM", structure: Some(c"SubjectPublicKeyInfo") };

    fn takes(selection: Selection) -> bool {
        takes(selection)
    }

    fn tpm_key(key: &Key, _: &TpmKey, _: Selection) -> Result<Vec<u8>> {
        write(key, Self::FORM)
    }
}

impl Output for PublicDer {
    const FORM: Form = Form { output: c"DER", structure: Some(c"SubjectPublicKeyInfo") };

    fn takes(selection: Selection) -> bool {
        takes(selection)
    }

    fn tpm_key(key: &Key, _: &TpmKey, _: Selection) -> Result<Vec<u8>> {
        write(key, Self::FORM)
    }
}

fn takes(selection: Selection) -> bool {
    selection.any(Selection::PUBLIC_KEY) && !selection.any(Selection::PRIVATE_KEY)
}

fn write(key: &Key, form: Form) -> Result<Vec<u8>> {
    Ok(key.software()?.encode(Selection::PUBLIC, form, None)?.to_vec())
}
