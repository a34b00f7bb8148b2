//! Encoders: a TPM key is written as its key file, or told in words; its public half as OpenSSL writes it.
//!
//! libcrypto asks us first for our software keys too, and takes a refusal for final: those are written through the private
//! context.

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

/// What differs by output.
pub(crate) trait Output: 'static {
    /// How software keys are written.
    const FORM: Form;
    /// Which selections it writes.
    fn takes(selection: Selection) -> bool;
    /// A TPM key.
    ///
    /// # Errors
    /// The selected part is not there, or cannot be written.
    fn tpm_key(key: &Key, tpm: &TpmKey, selection: Selection) -> Result<Vec<u8>>;
}

settable! {
    /// What an application sets (provider-encoder(7)).
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
            // An empty name is OpenSSL's way to say: not encrypted.
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
            None => Err(Error::new(Reason::NoKey, "the key object is empty: there is nothing to write")),
            Some(Material::Software(pkey)) => {
                let encryption = self.cipher.as_deref().map(|cipher| (cipher, passphrase));
                output.write(core, &pkey.encode(selection, F::FORM, encryption)?)
            }
            Some(Material::Tpm(tpm)) => {
                if self.cipher.is_some() {
                    let text = "a TPM key file is not encrypted by a passphrase, because only its TPM can open it: write it \
                                without a cipher (-noenc), and protect the use of the key by a password when it is made \
                                (-pkeyopt user-auth:…, or tpm2-keytool create --auth)";
                    return Err(Error::new(Reason::Unsupported, text));
                }
                // A reference may hold a password.
                output.write(core, &Zeroizing::new(F::tpm_key(key, tpm, selection)?))
            }
        }
    }
}
