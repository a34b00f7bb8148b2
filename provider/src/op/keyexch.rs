//! KEYEXCH: TPM2-ECDH. All operations of software keys run in the private context.
//!
//! A derivation in the TPM keeps a derive operation of the public key there, which accepts every parameter of
//! the caller (the shadow). The TPM computes the shared point (TPM2_ECDH_ZGen); the key derivation function
//! runs in this provider.

mod kdf;

use std::sync::Arc;

use operations::{Private, ecdh};
use zeroize::Zeroizing;

use self::kdf::Kdf;
use crate::error::{Error, Reason, Result};
use crate::ffi::buffer::Output;
use crate::ffi::crypto::{Operation, Pkey, Purpose};
use crate::ffi::op::keyexch::KeyExchange;
use crate::ffi::params::{Descriptor, Descriptors, Kind, Params, ParamsMut};
use crate::key::Key;

/// The context of a derivation.
pub(crate) struct Ecdh {
    key: Option<Arc<Key>>,
    state: State,
}

enum State {
    /// Before the first init.
    Idle,
    /// In software.
    Software(Operation),
    /// In the TPM. The shadow is created when a parameter is set or requested.
    Tpm { public: Pkey, shadow: Option<Operation>, peer: Option<Pkey> },
}

impl KeyExchange for Ecdh {
    fn new() -> Self {
        Self { key: None, state: State::Idle }
    }

    fn dup(&self) -> Result<Self> {
        let state = match &self.state {
            State::Idle => State::Idle,
            State::Software(operation) => State::Software(operation.try_clone()?),
            State::Tpm { public, shadow, peer } => {
                let shadow = shadow.as_ref().map(Operation::try_clone).transpose()?;
                State::Tpm { public: public.clone(), shadow, peer: peer.clone() }
            }
        };
        Ok(Self { key: self.key.clone(), state })
    }

    fn init(&mut self, key: Option<&Arc<Key>>, params: Params<'_>) -> Result<()> {
        if let Some(key) = key {
            self.key = Some(Arc::clone(key));
        }
        let Some(key) = &self.key else {
            return Err(Error::new(Reason::NoKey, "there is no key to derive with"));
        };
        if key.is_software() {
            self.state = State::Software(Operation::new(key.software()?, Purpose::Derive, params)?);
            return Ok(());
        }
        key.private()?;
        self.state = State::Tpm { public: key.software()?.clone(), shadow: None, peer: None };
        if params.is_none() { Ok(()) } else { self.set_ctx_params(params) }
    }

    fn set_peer(&mut self, peer: &Arc<Key>) -> Result<()> {
        match &mut self.state {
            State::Idle => Err(out_of_sequence()),
            State::Software(operation) => Ok(operation.set_peer(peer.software()?)?),
            State::Tpm { public, peer: current, .. } => {
                let peer = peer.software()?;
                if !peer.parameters_eq(public) {
                    let text = "the peer's key and the key in the TPM are on different curves";
                    return Err(Error::new(Reason::WrongKey, text));
                }
                *current = Some(peer.clone());
                Ok(())
            }
        }
    }

    fn derive(&mut self, output: Output<'_>) -> Result<()> {
        match &mut self.state {
            State::Idle => Err(out_of_sequence()),
            State::Software(operation) => {
                let size = at_most(&output, operation.secret_size()?);
                let Some(room) = output.room(size)? else { return Ok(()) };
                room.write(&operation.derive(size)?)
            }
            State::Tpm { shadow, peer, .. } => {
                let key = &self.key.as_deref().ok_or_else(out_of_sequence)?.private()?;
                let peer =
                    peer.as_ref().ok_or_else(|| Error::new(Reason::NoKey, "the peer's key is not set"))?;
                let kdf = shadow.as_mut().map(Kdf::read).transpose()?.flatten();
                let size = match &kdf {
                    Some(kdf) => kdf.size(),
                    None => at_most(&output, ecdh::field_bytes(key)?),
                };
                let Some(room) = output.room(size)? else { return Ok(()) };
                let secret = shared_secret(key, peer)?;
                match kdf {
                    Some(kdf) => room.write(&kdf.derive(&secret)?),
                    None => room.write(secret.get(..size).unwrap_or_default()),
                }
            }
        }
    }

    fn ctx_params(&mut self, mut params: ParamsMut<'_>) -> Result<()> {
        Ok(self.operation()?.options().answer(&mut params)?)
    }

    fn gettable_ctx_params() -> &'static Descriptors {
        static LIST: Descriptors = Descriptors::new(&[
            Descriptor::new(c"ecdh-cofactor-mode", Kind::Integer),
            Descriptor::new(c"kdf-type", Kind::Text),
            Descriptor::new(c"kdf-digest", Kind::Text),
            Descriptor::new(c"kdf-outlen", Kind::Unsigned),
            Descriptor::new(c"kdf-ukm", Kind::BytesPointer),
            Descriptor::END,
        ]);
        &LIST
    }

    fn set_ctx_params(&mut self, params: Params<'_>) -> Result<()> {
        Ok(self.operation()?.options().set(params)?)
    }

    fn settable_ctx_params() -> &'static Descriptors {
        static LIST: Descriptors = Descriptors::new(&[
            Descriptor::new(c"ecdh-cofactor-mode", Kind::Integer),
            Descriptor::new(c"kdf-type", Kind::Text),
            Descriptor::new(c"kdf-digest", Kind::Text),
            Descriptor::new(c"kdf-digest-props", Kind::Text),
            Descriptor::new(c"kdf-outlen", Kind::Unsigned),
            Descriptor::new(c"kdf-ukm", Kind::Bytes),
            Descriptor::END,
        ]);
        &LIST
    }
}

impl Ecdh {
    fn operation(&mut self) -> Result<&mut Operation> {
        match &mut self.state {
            State::Idle => Err(out_of_sequence()),
            State::Software(operation) => Ok(operation),
            State::Tpm { public, shadow, .. } => {
                let operation = match shadow.take() {
                    Some(operation) => operation,
                    None => Operation::new(public, Purpose::Derive, Params::none())?,
                };
                Ok(shadow.insert(operation))
            }
        }
    }
}

/// A smaller buffer gets the first bytes of the shared secret without an error, as in OpenSSL's own ECDH.
fn at_most(output: &Output<'_>, size: usize) -> usize {
    output.offered().map_or(size, |offered| offered.min(size))
}

/// Returns the shared secret. OpenSSL checked that the point is on the curve when it created the peer's key.
fn shared_secret(key: &dyn Private, peer: &Pkey) -> Result<Zeroizing<Vec<u8>>> {
    Ok(ecdh::shared_secret(key, &peer.encoded_point().unwrap_or_default())?)
}

fn out_of_sequence() -> Error {
    Error::new(Reason::Sequence, "the derivation is not initialized")
        .with_hint("call the init function first")
}
