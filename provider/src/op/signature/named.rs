//! Signatures by an algorithm that names its digest (RSA-SHA256). They use the same context, initialized with
//! that digest.

use std::ffi::CStr;
use std::sync::Arc;

use super::{Ecdsa, Rsa, Scheme, SignatureContext};
use crate::error::{Error, Reason, Result};
use crate::ffi::buffer::Output;
use crate::ffi::crypto::Verdict;
use crate::ffi::op::named_signature::{KeyTypes, NamedSignature};
use crate::ffi::op::signature::{Recovery, Signature, Unnamed};
use crate::ffi::params::{Descriptor, Descriptors, Kind, ParamList, Params, ParamsMut, settable};
use crate::key::Key;

/// The context of a signature or verification.
pub(crate) struct NamedContext<S> {
    context: SignatureContext<S>,
    digest: &'static CStr,
    state: State,
    /// The signature that is verified at the end of the message.
    signature: Option<Vec<u8>>,
}

/// The operation that was initialized.
#[derive(Clone, Copy)]
enum State {
    /// None, or signatures of digests.
    Digests,
    /// The signature of one message, in parts or in one call (EVP_PKEY_sign(3ossl)).
    Message(Purpose, Progress),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Sign,
    Verify,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Begun,
    UnderWay,
    Ended,
}

settable! {
    /// The parameters for the verification of a message (provider-signature(7)).
    struct Verification {
        signature: Vec<u8> = c"signature",
    }
}

/// The differences between key types.
pub(crate) trait Named: Scheme {
    const KEY_TYPES: &'static KeyTypes;
    /// The result of a verification without a signature, as in OpenSSL's own algorithms.
    const WITHOUT_SIGNATURE: Verdict;

    /// The parameters that can be set for the verification of a message.
    fn of_verification() -> &'static Descriptors;

    /// Returns the parameters that the algorithm name does not determine.
    ///
    /// # Errors
    /// A parameter has the wrong type.
    fn passed_on(_: Params<'_>) -> Result<Option<ParamList>> {
        Ok(None)
    }
}

impl Named for Rsa {
    const KEY_TYPES: &'static KeyTypes = {
        static TYPES: KeyTypes = KeyTypes::only(c"RSA");
        &TYPES
    };
    const WITHOUT_SIGNATURE: Verdict = Verdict(0);

    fn of_verification() -> &'static Descriptors {
        Verification::descriptors()
    }
}

impl Named for Ecdsa {
    const KEY_TYPES: &'static KeyTypes = {
        static TYPES: KeyTypes = KeyTypes::only(c"EC");
        &TYPES
    };
    const WITHOUT_SIGNATURE: Verdict = Verdict(-1);

    fn of_verification() -> &'static Descriptors {
        static LIST: Descriptors = Descriptors::new(&[
            Descriptor::new(c"signature", Kind::Bytes),
            Descriptor::new(c"nonce-type", Kind::Unsigned),
            Descriptor::END,
        ]);
        &LIST
    }

    fn passed_on(params: Params<'_>) -> Result<Option<ParamList>> {
        Ok(Ecdsa::nonce_type(params)?.map(|nonce_type| {
            let mut list = ParamList::new();
            list.unsigned(c"nonce-type", &nonce_type.to_be_bytes());
            list
        }))
    }
}

impl<S: Named> NamedContext<S> {
    /// Initializes the context to sign, verify or recover digests.
    fn begin(&mut self, params: Params<'_>) -> Result<()> {
        let digest = self.digest.to_str().map_err(|_| out_of_sequence())?;
        self.context.set_ctx_params(ParamList::new().text(c"digest", digest).as_params())?;
        self.state = State::Digests;
        self.set_ctx_params(params)
    }

    fn begin_message(&mut self, purpose: Purpose, params: Params<'_>) -> Result<()> {
        self.state = State::Message(purpose, Progress::Begun);
        self.signature = None;
        self.set_ctx_params(params)
    }

    /// Continues a message that is not finished.
    fn go_on(&mut self, purpose: Purpose, to: Progress) -> Result<()> {
        match &mut self.state {
            State::Message(of, progress) if *of == purpose && *progress != Progress::Ended => {
                *progress = to;
                Ok(())
            }
            _ => Err(out_of_sequence()),
        }
    }
}

impl<S: Named> NamedSignature for NamedContext<S> {
    const KEY_TYPES: &'static KeyTypes = S::KEY_TYPES;

    fn with_digest(digest: &'static CStr) -> Self {
        Self { context: SignatureContext::new(), digest, state: State::Digests, signature: None }
    }

    fn verify_message_final(&mut self) -> Result<Verdict> {
        match self.signature.take() {
            Some(signature) => self.digest_verify_final(&signature),
            None => self.go_on(Purpose::Verify, Progress::Ended).map(|()| S::WITHOUT_SIGNATURE),
        }
    }
}

impl<S: Named> Signature for NamedContext<S> {
    fn dup(&self) -> Result<Self> {
        let (state, signature) = (self.state, self.signature.clone());
        Ok(Self { context: self.context.dup()?, digest: self.digest, state, signature })
    }

    fn sign_init(&mut self, key: Option<&Arc<Key>>, params: Params<'_>) -> Result<()> {
        self.context.sign_init(key, Params::none())?;
        self.begin(params)
    }

    fn sign(&mut self, output: Output<'_>, bytes: &[u8]) -> Result<()> {
        match self.state {
            State::Digests => self.context.sign(output, bytes),
            State::Message(Purpose::Sign, Progress::Begun) => {
                if !output.is_query() {
                    self.digest_sign_update(bytes)?;
                }
                self.digest_sign_final(output)
            }
            State::Message(..) => Err(out_of_sequence()),
        }
    }

    fn verify_init(&mut self, key: Option<&Arc<Key>>, params: Params<'_>) -> Result<()> {
        self.context.verify_init(key, Params::none())?;
        self.begin(params)
    }

    fn verify(&mut self, signature: &[u8], bytes: &[u8]) -> Result<Verdict> {
        match self.state {
            State::Digests => self.context.verify(signature, bytes),
            State::Message(Purpose::Verify, Progress::Begun) => {
                self.digest_verify_update(bytes)?;
                self.digest_verify_final(signature)
            }
            State::Message(..) => Err(out_of_sequence()),
        }
    }

    fn digest_sign_init(
        &mut self,
        _: Option<&CStr>,
        key: Option<&Arc<Key>>,
        params: Params<'_>,
    ) -> Result<()> {
        self.context.digest_sign_init(Some(self.digest), key, Params::none())?;
        self.begin_message(Purpose::Sign, params)
    }

    fn digest_sign_update(&mut self, data: &[u8]) -> Result<()> {
        self.go_on(Purpose::Sign, Progress::UnderWay)?;
        self.context.digest_sign_update(data)
    }

    fn digest_sign_final(&mut self, output: Output<'_>) -> Result<()> {
        if !output.is_query() {
            self.go_on(Purpose::Sign, Progress::Ended)?;
        }
        self.context.digest_sign_final(output)
    }

    fn digest_verify_init(
        &mut self,
        _: Option<&CStr>,
        key: Option<&Arc<Key>>,
        params: Params<'_>,
    ) -> Result<()> {
        self.context.digest_verify_init(Some(self.digest), key, Params::none())?;
        self.begin_message(Purpose::Verify, params)
    }

    fn digest_verify_update(&mut self, data: &[u8]) -> Result<()> {
        self.go_on(Purpose::Verify, Progress::UnderWay)?;
        self.context.digest_verify_update(data)
    }

    fn digest_verify_final(&mut self, signature: &[u8]) -> Result<Verdict> {
        self.go_on(Purpose::Verify, Progress::Ended)?;
        self.context.digest_verify_final(signature)
    }

    fn ctx_params(&mut self, params: ParamsMut<'_>) -> Result<()> {
        self.context.ctx_params(params)
    }

    fn gettable_ctx_params() -> &'static Descriptors {
        S::gettable()
    }

    /// The name determines padding and digest. Such parameters are ignored, as in OpenSSL's own algorithms.
    fn set_ctx_params(&mut self, params: Params<'_>) -> Result<()> {
        if let Some(signature) = Verification::read(params)?.signature {
            self.signature = Some(signature);
        }
        match S::passed_on(params)? {
            Some(mut list) => self.context.set_ctx_params(list.as_params()),
            None => Ok(()),
        }
    }

    fn settable_ctx_params(context: Option<&Self>) -> &'static Descriptors {
        static NONE: Descriptors = Descriptors::new(&[Descriptor::END]);
        match context.map(|context| context.state) {
            Some(State::Message(Purpose::Verify, _)) => S::of_verification(),
            _ => &NONE,
        }
    }
}

impl Recovery for NamedContext<Rsa> {
    fn verify_recover_init(&mut self, key: Option<&Arc<Key>>, params: Params<'_>) -> Result<()> {
        self.context.verify_recover_init(key, Params::none())?;
        self.begin(params)
    }

    fn verify_recover(&mut self, output: Output<'_>, signature: &[u8]) -> Result<()> {
        self.context.verify_recover(output, signature)
    }
}

fn out_of_sequence() -> Error {
    Error::new(Reason::Sequence, "the message is not initialized, or already finished")
        .with_hint("call the init function first")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_that_the_name_does_not_determine_are_passed_on() {
        let mut list = ParamList::new();
        let params = list.unsigned(c"nonce-type", &[1]).text(c"digest", "sha1").as_params();
        assert!(Rsa::passed_on(params).unwrap().is_none());
        let mut passed = Ecdsa::passed_on(params).unwrap().unwrap();
        // A TPM refuses it, as it does for an algorithm without a digest in its name.
        assert!(Ecdsa::refuse(passed.as_params()).is_err());
        assert!(Ecdsa::passed_on(Params::none()).unwrap().is_none());
    }
}
