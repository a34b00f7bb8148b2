//! Encoders. A TPM key is written as its key file or as text, its public half as OpenSSL writes it.
//!
//! libcrypto also asks this provider first for its software keys, and treats a refusal as final. So they are
//! written through the private context.

mod key_file;
mod public_key;
mod text;

use std::marker::PhantomData;
use std::sync::Arc;

pub(crate) use key_file::{Der, Pem, Pkcs1, PrivateKeyInfo, TypeSpecific, WithParameters};
pub(crate) use public_key::{PublicDer, PublicPem};
pub(crate) use text::Text;

use zeroize::Zeroizing;

use crate::error::{Error, Reason, Result};
use crate::ffi::bio::Bio;
use crate::ffi::callback::Passphrase;
use crate::ffi::crypto::{Form, Selection};
use crate::ffi::op::encoder::Encoder;
use crate::ffi::params::{Descriptors, Params, settable};
use crate::key::{Key, Material, TpmKey};
use crate::provider::Provider;

/// The differences between output formats.
pub(crate) trait Output: 'static {
    /// The format of software keys.
    const FORM: Form;
    /// Returns true if it writes this selection.
    fn takes(selection: Selection) -> bool;
    /// Writes a TPM key.
    ///
    /// # Errors
    /// The selected part is missing or cannot be written.
    fn tpm_key(key: &Key, tpm: &TpmKey, selection: Selection) -> Result<Vec<u8>>;
}

settable! {
    /// The options that an application sets (provider-encoder(7)).
    struct Options {
        cipher: String = c"cipher",
        properties: String = c"properties",
    }
}

/// The encoder of one output, for keys of all types.
pub(crate) struct KeyEncoder<F> {
    provider: Arc<Provider>,
    cipher: Option<String>,
    output: PhantomData<F>,
}

impl<F: Output> Encoder for KeyEncoder<F> {
    fn new(provider: &Arc<Provider>) -> Result<Self> {
        Ok(KeyEncoder { provider: Arc::clone(provider), cipher: None, output: PhantomData })
    }

    fn does_selection(selection: Selection) -> bool {
        F::takes(selection)
    }

    fn set_ctx_params(&mut self, params: Params<'_>) -> Result<()> {
        if let Some(cipher) = Options::read(params)?.cipher {
            // OpenSSL sets an empty name to turn encryption off.
            self.cipher = Some(cipher).filter(|cipher| !cipher.is_empty());
        }
        Ok(())
    }

    fn settable_ctx_params() -> &'static Descriptors {
        Options::descriptors()
    }

    fn encode(
        &mut self,
        mut output: Bio<'_>,
        key: &Arc<Key>,
        selection: Selection,
        passphrase: &Passphrase<'_>,
    ) -> Result<()> {
        let core = self.provider.core();
        match key.material() {
            None => Err(Error::new(Reason::NoKey, "cannot write the key: the key object is empty")),
            Some(Material::Software(pkey)) => {
                let encryption = self.cipher.as_deref().map(|cipher| (cipher, passphrase));
                output.write(core, &pkey.encode(selection, F::FORM, encryption)?)
            }
            Some(Material::Tpm(tpm)) => {
                if self.cipher.is_some() {
                    let text =
                        "cannot encrypt a TPM key file with a passphrase: only its TPM can use it anyway";
                    let hint = "write it without a cipher (-noenc); set a password when the key is created (-pkeyopt user-auth:…)";
                    return Err(Error::new(Reason::Unsupported, text).with_hint(hint));
                }
                // A reference may contain a password.
                output.write(core, &Zeroizing::new(F::tpm_key(key, tpm, selection)?))
            }
        }
    }
}
