//! The context of a signature or verification, for software keys and TPM keys.

use std::ffi::CStr;
use std::marker::PhantomData;
use std::sync::Arc;

use super::message::{Message, Whole};
use super::shadow::Shadow;
use super::{Request, Rsa, Scheme};
use crate::error::{Error, Reason, Result};
use crate::ffi::buffer::Output;
use crate::ffi::crypto::{Digest, Direction, Operation, Options, Purpose, Signer, Verdict};
use crate::ffi::op::signature::{Recovery, Signature, Unnamed};
use crate::ffi::params::{Descriptors, Params, ParamsMut};
use crate::key::Key;
use crate::op::software;
use operations::signature::is_restricted;

/// The context of a signature or verification.
pub(crate) struct SignatureContext<S> {
    key: Option<Arc<Key>>,
    state: State,
    scheme: PhantomData<fn() -> S>,
}

enum State {
    /// Before the first init.
    Idle,
    /// In software, over a digest.
    Digest(Operation),
    /// In software, over a message.
    Message(Signer),
    /// In the TPM, over a digest or a message.
    Tpm { shadow: Shadow, message: Option<Message> },
}

impl<S: Scheme> SignatureContext<S> {
    /// Returns the key of this init or of the last one (EVP_DigestSignInit(3ossl) with a NULL key).
    fn take_key(&mut self, key: Option<&Arc<Key>>) -> Result<Arc<Key>> {
        if let Some(key) = key {
            self.key = Some(Arc::clone(key));
        }
        self.key.clone().ok_or_else(|| Error::new(Reason::NoKey, "cannot sign or verify without a key"))
    }

    fn begin(&mut self, purpose: Purpose, key: Option<&Arc<Key>>, params: Params<'_>) -> Result<()> {
        let key = self.take_key(key)?;
        self.state = if purpose == Purpose::Sign && !key.is_software() {
            S::refuse(params)?;
            key.private()?;
            let mut shadow = Shadow::new(key.software()?.clone(), None);
            // An RSA-PSS key names its digest.
            if !S::IS_PLAIN {
                shadow.operation()?;
            }
            shadow.set(params)?;
            State::Tpm { shadow, message: None }
        } else {
            State::Digest(Operation::new(key.software()?, purpose, params)?)
        };
        Ok(())
    }

    fn begin_message(
        &mut self,
        direction: Direction,
        digest: Option<&CStr>,
        key: Option<&Arc<Key>>,
        params: Params<'_>,
    ) -> Result<()> {
        let key = self.take_key(key)?;
        let digest = digest.map(text).transpose()?;
        if direction == Direction::Verify || key.is_software() {
            self.state = State::Message(Signer::new(key.software()?, direction, digest, params)?);
            return Ok(());
        }
        S::refuse(params)?;
        let private = key.private()?;
        if digest == Some("") {
            // An empty name selects the key's default digest until OpenSSL 3.6; OpenSSL 4.0 refuses it.
            Signer::new(key.software()?, Direction::Verify, digest, Params::none())?;
        }
        let digest = match (digest.filter(|name| !name.is_empty()), &self.state) {
            (Some(name), _) => Digest::fetch(key.software()?.context(), name)?,
            (None, State::Tpm { message: Some(message), .. }) => message.digest().clone(),
            (None, _) => Digest::fetch(key.software()?.context(), key.default_digest().unwrap_or("sha256"))?,
        };
        keep_digest(&digest, params)?;
        S::accepts(&private, &digest)?;
        let mut shadow = Shadow::new(key.software()?.clone(), Some(digest.clone()));
        // OpenSSL decides which digests can be signed. The TPM's digests are always among them.
        if !S::IS_PLAIN || software::digest(&digest).tpm_hash().is_none() {
            shadow.operation()?;
        }
        shadow.set(params)?;
        self.state = State::Tpm { shadow, message: Some(Message::new(&digest, is_restricted(&private))?) };
        Ok(())
    }

    /// Signs in the TPM.
    fn sign_in_tpm(&mut self, output: Output<'_>, bytes: Bytes<'_>) -> Result<()> {
        let key = self.key.as_deref().ok_or_else(out_of_sequence)?;
        let State::Tpm { shadow, message } = &mut self.state else { return Err(out_of_sequence()) };
        let public = key.software()?;
        let Some(room) = output.room(public.size())? else { return Ok(()) };
        let whole = match (bytes, message) {
            (Bytes::Digest(digest), None) => Whole { digest: digest.to_vec(), bytes: None },
            (Bytes::Message, Some(message)) => message.finish()?,
            _ => return Err(out_of_sequence()),
        };
        let algorithm = shadow.digest()?;
        if let Some(algorithm) = &algorithm {
            check_length(algorithm, &whole.digest)?;
        }
        let signature = S::sign(Request {
            key: &key.private()?,
            public,
            shadow,
            digest: &whole.digest,
            algorithm: algorithm.as_ref(),
            message: whole.bytes.as_deref(),
        })?;
        room.write(&signature)
    }

    /// The parameters of the operation.
    fn options(&mut self) -> Result<Options<'_>> {
        match &mut self.state {
            State::Idle => Err(out_of_sequence()),
            State::Digest(operation) => Ok(operation.options()),
            State::Message(signer) => Ok(signer.options()),
            State::Tpm { shadow, .. } => shadow.options(),
        }
    }
}

impl<S: Scheme> Unnamed for SignatureContext<S> {
    fn new() -> Self {
        Self { key: None, state: State::Idle, scheme: PhantomData }
    }
}

impl<S: Scheme> Signature for SignatureContext<S> {
    fn dup(&self) -> Result<Self> {
        let state = match &self.state {
            State::Idle => State::Idle,
            State::Digest(operation) => State::Digest(operation.try_clone()?),
            State::Message(signer) => State::Message(signer.try_clone()?),
            State::Tpm { shadow, message } => State::Tpm {
                shadow: shadow.try_clone()?,
                message: message.as_ref().map(Message::try_clone).transpose()?,
            },
        };
        Ok(Self { key: self.key.clone(), state, scheme: PhantomData })
    }

    fn sign_init(&mut self, key: Option<&Arc<Key>>, params: Params<'_>) -> Result<()> {
        self.begin(Purpose::Sign, key, params)
    }

    fn sign(&mut self, output: Output<'_>, digest: &[u8]) -> Result<()> {
        let State::Digest(operation) = &mut self.state else {
            return self.sign_in_tpm(output, Bytes::Digest(digest));
        };
        let Some(room) = output.room(operation.result_size(Purpose::Sign, digest)?)? else { return Ok(()) };
        room.write(&operation.sign(digest)?)
    }

    fn verify_init(&mut self, key: Option<&Arc<Key>>, params: Params<'_>) -> Result<()> {
        self.begin(Purpose::Verify, key, params)
    }

    fn verify(&mut self, signature: &[u8], digest: &[u8]) -> Result<Verdict> {
        let State::Digest(operation) = &mut self.state else { return Err(out_of_sequence()) };
        Ok(operation.verify(signature, digest))
    }

    fn digest_sign_init(
        &mut self,
        digest: Option<&CStr>,
        key: Option<&Arc<Key>>,
        params: Params<'_>,
    ) -> Result<()> {
        self.begin_message(Direction::Sign, digest, key, params)
    }

    fn digest_sign_update(&mut self, data: &[u8]) -> Result<()> {
        match &mut self.state {
            State::Message(signer) if signer.direction() == Direction::Sign => Ok(signer.update(data)?),
            State::Tpm { message: Some(message), .. } => message.update(data),
            _ => Err(out_of_sequence()),
        }
    }

    fn digest_sign_final(&mut self, output: Output<'_>) -> Result<()> {
        let State::Message(signer) = &mut self.state else {
            return self.sign_in_tpm(output, Bytes::Message);
        };
        let Some(room) = output.room(signer.size()?)? else { return Ok(()) };
        room.write(&signer.sign()?)
    }

    fn digest_verify_init(
        &mut self,
        digest: Option<&CStr>,
        key: Option<&Arc<Key>>,
        params: Params<'_>,
    ) -> Result<()> {
        self.begin_message(Direction::Verify, digest, key, params)
    }

    fn digest_verify_update(&mut self, data: &[u8]) -> Result<()> {
        match &mut self.state {
            State::Message(signer) if signer.direction() == Direction::Verify => Ok(signer.update(data)?),
            _ => Err(out_of_sequence()),
        }
    }

    fn digest_verify_final(&mut self, signature: &[u8]) -> Result<Verdict> {
        let State::Message(signer) = &mut self.state else { return Err(out_of_sequence()) };
        Ok(signer.verify(signature))
    }

    fn ctx_params(&mut self, mut params: ParamsMut<'_>) -> Result<()> {
        if let (State::Tpm { shadow, .. }, Some(key), true) =
            (&mut self.state, &self.key, params.ask(c"algorithm-id"))
        {
            // No program expects that a query of parameters pauses a job.
            let private = key.private()?.without_pauses();
            S::settle(&private, key.software()?, shadow, key.memory()?)?;
        }
        let mut options = self.options()?;
        Ok(options.answer(&mut params)?)
    }

    fn gettable_ctx_params() -> &'static Descriptors {
        S::gettable()
    }

    fn set_ctx_params(&mut self, params: Params<'_>) -> Result<()> {
        if let State::Tpm { message, .. } = &self.state {
            S::refuse(params)?;
            if let Some(message) = message {
                keep_digest(message.digest(), params)?;
            }
        }
        match &mut self.state {
            State::Tpm { shadow, .. } => shadow.set(params),
            _ => Ok(self.options()?.set(params)?),
        }
    }

    fn settable_ctx_params(context: Option<&Self>) -> &'static Descriptors {
        let state = context.map(|context| &context.state);
        S::settable(matches!(state, Some(State::Message(_) | State::Tpm { message: Some(_), .. })))
    }
}

impl Recovery for SignatureContext<Rsa> {
    fn verify_recover_init(&mut self, key: Option<&Arc<Key>>, params: Params<'_>) -> Result<()> {
        self.begin(Purpose::VerifyRecover, key, params)
    }

    fn verify_recover(&mut self, output: Output<'_>, signature: &[u8]) -> Result<()> {
        let State::Digest(operation) = &mut self.state else { return Err(out_of_sequence()) };
        let size = operation.result_size(Purpose::VerifyRecover, signature)?;
        if output.is_query() {
            return output.room(size).map(drop);
        }
        // The result is shorter than the modulus, and callers provide only as much room as they expect.
        let recovered = operation.verify_recover(signature)?;
        let Some(room) = output.room(recovered.len())? else { return Ok(()) };
        room.write(&recovered)
    }
}

/// The data to sign.
enum Bytes<'a> {
    /// A digest that the caller computed.
    Digest(&'a [u8]),
    /// The message in progress.
    Message,
}

fn check_length(algorithm: &Digest, digest: &[u8]) -> Result<()> {
    if digest.len() == algorithm.size() {
        return Ok(());
    }
    let (name, size, found) = (algorithm.name(), algorithm.size(), digest.len());
    Err(Error::new(
        Reason::Digest,
        format!("a {name} digest has {size} bytes, but the caller passed {found} bytes to sign"),
    ))
}

/// Refuses to change the digest while a message is in progress, as OpenSSL's own signatures do.
fn keep_digest(digest: &Digest, params: Params<'_>) -> Result<()> {
    let Some(param) = params.find(c"digest") else { return Ok(()) };
    let asked = param.text()?;
    if digest.is_a(asked) {
        return Ok(());
    }
    let text =
        format!("cannot change the digest of a signature in progress from {} to {asked}", digest.name());
    Err(Error::new(Reason::Digest, text).with_hint("call the init function again"))
}

fn text(name: &CStr) -> Result<&str> {
    name.to_str().map_err(|_| Error::new(Reason::Digest, "the name of the digest is not UTF-8"))
}

fn out_of_sequence() -> Error {
    Error::new(Reason::Sequence, "the signature is not initialized for this call")
        .with_hint("call the init function first")
}

#[cfg(test)]
mod tests {
    use super::super::fake::context;
    use super::*;
    use crate::ffi::params::ParamList;

    #[test]
    fn another_name_of_the_same_digest_is_accepted() {
        for (name, same, other) in [
            ("sha256", ["SHA2-256", "2.16.840.1.101.3.4.2.1"], "sha384"),
            ("blake2b512", ["BLAKE2B-512", "1.3.6.1.4.1.1722.12.2.1.16"], "blake2s256"),
        ] {
            let digest = Digest::fetch(&context(), name).unwrap();
            let keep = |asked| keep_digest(&digest, ParamList::new().text(c"digest", asked).as_params());
            for asked in same {
                keep(asked).unwrap();
            }
            assert_eq!(keep(other).unwrap_err().reason(), Reason::Digest);
        }
    }
}
