//! ASYM_CIPHER: TPM2-RSA. Encryption and all operations of software keys run in the private context.
//!
//! A decryption in the TPM keeps an encryption context of the public key there, which accepts every parameter
//! of the caller (the shadow).

mod padding;

use std::sync::Arc;

use self::padding::Padding;
use crate::error::{Error, Reason, Result};
use crate::ffi::buffer::Output;
use crate::ffi::crypto::{Operation, Purpose};
use crate::ffi::op::asym_cipher::AsymCipher;
use crate::ffi::params::{Descriptor, Descriptors, Kind, Params, ParamsMut, settable};
use crate::key::Key;

/// The context of an encryption or decryption.
pub(crate) struct RsaCipher {
    key: Option<Arc<Key>>,
    state: State,
}

enum State {
    /// Before the first init.
    Idle,
    /// In software.
    Software(Operation),
    /// In the TPM.
    Tpm { shadow: Operation, implicit_rejection: bool },
}

settable! {
    /// A parameter that OpenSSL 3.0 does not keep.
    struct Own {
        /// If not 0, a wrong PKCS#1 v1.5 padding gives a synthetic message (EVP_PKEY_CTX_ctrl(3ossl) of 3.2).
        /// The default is 1.
        implicit_rejection: u32 = c"implicit-rejection",
    }
}

impl RsaCipher {
    /// Returns the key of this init or of the last one.
    fn take_key(&mut self, key: Option<&Arc<Key>>) -> Result<Arc<Key>> {
        if let Some(key) = key {
            self.key = Some(Arc::clone(key));
        }
        self.key
            .clone()
            .ok_or_else(|| Error::new(Reason::NoKey, "there is no key to encrypt or decrypt with"))
    }

    fn operation(&mut self) -> Result<&mut Operation> {
        match &mut self.state {
            State::Idle => Err(out_of_sequence()),
            State::Software(operation) | State::Tpm { shadow: operation, .. } => Ok(operation),
        }
    }
}

impl AsymCipher for RsaCipher {
    fn new() -> Self {
        Self { key: None, state: State::Idle }
    }

    fn dup(&self) -> Result<Self> {
        let state = match &self.state {
            State::Idle => State::Idle,
            State::Software(operation) => State::Software(operation.try_clone()?),
            State::Tpm { shadow, implicit_rejection } => {
                State::Tpm { shadow: shadow.try_clone()?, implicit_rejection: *implicit_rejection }
            }
        };
        Ok(Self { key: self.key.clone(), state })
    }

    fn encrypt_init(&mut self, key: Option<&Arc<Key>>, params: Params<'_>) -> Result<()> {
        let key = self.take_key(key)?;
        self.state = State::Software(Operation::new(key.software()?, Purpose::Encrypt, params)?);
        Ok(())
    }

    fn encrypt(&mut self, output: Output<'_>, input: &[u8]) -> Result<()> {
        let State::Software(operation) = &mut self.state else { return Err(out_of_sequence()) };
        let Some(room) = output.room(operation.result_size(Purpose::Encrypt, input)?)? else { return Ok(()) };
        room.write(&operation.encrypt(input)?)
    }

    fn decrypt_init(&mut self, key: Option<&Arc<Key>>, params: Params<'_>) -> Result<()> {
        let key = self.take_key(key)?;
        self.state = if key.is_software() {
            State::Software(Operation::new(key.software()?, Purpose::Decrypt, params)?)
        } else {
            key.private()?;
            let implicit_rejection = Own::read(params)?.implicit_rejection != Some(0);
            State::Tpm {
                shadow: Operation::new(key.software()?, Purpose::Encrypt, params)?,
                implicit_rejection,
            }
        };
        Ok(())
    }

    fn decrypt(&mut self, output: Output<'_>, input: &[u8]) -> Result<()> {
        match &mut self.state {
            State::Idle => Err(out_of_sequence()),
            State::Software(operation) => {
                let size = operation.result_size(Purpose::Decrypt, input)?;
                let Some(room) = output.room(size)? else { return Ok(()) };
                room.write(&operation.decrypt(input)?)
            }
            State::Tpm { shadow, implicit_rejection } => {
                let key = self.key.as_deref().ok_or_else(out_of_sequence)?;
                let public = key.software()?;
                let padding = Padding::read(public, &mut shadow.options(), *implicit_rejection)?;
                let Some(room) = output.room(padding.longest(public))? else { return Ok(()) };
                let (private, padding) = (key.private()?, padding.of_operation());
                let memory = key.memory()?;
                room.write(&operations::decryption::decrypt(&private, public, memory, &padding, input)?)
            }
        }
    }

    fn ctx_params(&mut self, mut params: ParamsMut<'_>) -> Result<()> {
        self.operation()?.options().answer(&mut params)?;
        let State::Tpm { implicit_rejection, .. } = self.state else { return Ok(()) };
        params.each(|name, slot| match name.to_bytes() {
            b"implicit-rejection" => slot.int(implicit_rejection),
            _ => Ok(()),
        })?;
        Ok(())
    }

    fn gettable_ctx_params() -> &'static Descriptors {
        static LIST: Descriptors = Descriptors::new(&[
            Descriptor::new(c"digest", Kind::Text),
            Descriptor::new(c"pad-mode", Kind::Text),
            Descriptor::new(c"mgf1-digest", Kind::Text),
            Descriptor::new(c"oaep-label", Kind::BytesPointer),
            Descriptor::new(c"tls-client-version", Kind::Unsigned),
            Descriptor::new(c"tls-negotiated-version", Kind::Unsigned),
            Descriptor::new(c"implicit-rejection", Kind::Unsigned),
            Descriptor::END,
        ]);
        &LIST
    }

    fn set_ctx_params(&mut self, params: Params<'_>) -> Result<()> {
        if let (State::Tpm { implicit_rejection, .. }, Some(asked)) =
            (&mut self.state, Own::read(params)?.implicit_rejection)
        {
            *implicit_rejection = asked != 0;
        }
        Ok(self.operation()?.options().set(params)?)
    }

    fn settable_ctx_params() -> &'static Descriptors {
        static LIST: Descriptors = Descriptors::new(&[
            Descriptor::new(c"digest", Kind::Text),
            Descriptor::new(c"digest-props", Kind::Text),
            Descriptor::new(c"pad-mode", Kind::Text),
            Descriptor::new(c"mgf1-digest", Kind::Text),
            Descriptor::new(c"mgf1-properties", Kind::Text),
            Descriptor::new(c"oaep-label", Kind::Bytes),
            Descriptor::new(c"tls-client-version", Kind::Unsigned),
            Descriptor::new(c"tls-negotiated-version", Kind::Unsigned),
            Descriptor::new(c"implicit-rejection", Kind::Unsigned),
            Descriptor::END,
        ]);
        &LIST
    }
}

fn out_of_sequence() -> Error {
    Error::new(Reason::Sequence, "the operation is not initialized for this call")
        .with_hint("call the init function first")
}
