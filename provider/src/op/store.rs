//! The store: keys at persistent handles, what stands in NV indexes and in files, and a list of it all, by URI.

mod contents;
mod key;
mod list;
mod nv;
mod password;
mod wanted;

use std::collections::VecDeque;
use std::ffi::CStr;
use std::sync::Arc;

pub(crate) use password::of_reference;

use keyfile::Serialized;
use keyfile::uri::{Place, Uri};
use zeroize::Zeroizing;

use crate::config;
use crate::error::{Error, Reason, Result};
use crate::ffi::callback::{Callback, Passphrase};
use crate::ffi::op::store::Store;
use crate::ffi::params::{Descriptors, ParamList, Params};
use crate::key::Key;
use crate::provider::Provider;
use wanted::Wanted;

/// One URI that was opened.
pub(crate) struct TpmStore {
    /// It may hold a password.
    uri: Zeroizing<Vec<u8>>,
    wanted: Wanted,
    state: State,
}

/// How far the loading has come.
enum State {
    /// Nothing was looked at.
    Opened,
    /// An error was said. The end comes with the next load only: what is said at the end is no error to OSSL_STORE_error(3ossl).
    Failed,
    /// These are still to be handed up.
    Found(VecDeque<Object>),
}

/// Something to hand up.
enum Object {
    /// A key, or its public half.
    Key(Arc<Key>),
    /// A certificate in DER.
    Certificate(Vec<u8>),
    /// A public key in DER, of a type that is not ours.
    PublicKey(Vec<u8>),
    /// The URI of something, and what it is.
    Name(String, String),
}

/// What the objects are opened with.
#[derive(Clone, Copy)]
struct Opening<'a> {
    provider: &'a Arc<Provider>,
    passphrase: &'a Passphrase<'a>,
    wanted: &'a Wanted,
}

impl Store for TpmStore {
    fn open(uri: &CStr) -> Self {
        TpmStore {
            uri: Zeroizing::new(uri.to_bytes().to_vec()),
            wanted: Wanted::default(),
            state: State::Opened,
        }
    }

    fn set_params(&mut self, params: Params<'_>) -> Result<()> {
        self.wanted.set(params)
    }

    fn settable_params() -> &'static Descriptors {
        Wanted::settable()
    }

    fn load(
        &mut self,
        provider: &Arc<Provider>,
        found: &Callback<'_>,
        passphrase: &Passphrase<'_>,
    ) -> Result<bool> {
        if let State::Opened = self.state {
            // Whatever happens now, it happens once.
            self.state = State::Failed;
            let opening = Opening { provider, passphrase, wanted: &self.wanted };
            self.state = State::Found(objects(&self.uri, opening)?.into());
        }
        match &mut self.state {
            State::Found(objects) => Ok(objects.pop_front().is_none_or(|object| object.hand_to(found))),
            State::Opened | State::Failed => {
                self.state = State::Found(VecDeque::new());
                Ok(true)
            }
        }
    }

    fn is_at_end(&self) -> bool {
        matches!(&self.state, State::Found(objects) if objects.is_empty())
    }
}

fn objects(uri: &[u8], opening: Opening<'_>) -> Result<Vec<Object>> {
    let text = std::str::from_utf8(uri).map_err(|_| {
        Error::new(Reason::Uri, "the URI is not UTF-8: write other octets of a path as %C3%BC")
    })?;
    let prefix = config::nv_prefix(&**opening.provider)?;
    let uri = Uri::parse(text, prefix.as_deref())?;
    let found = match &uri.place {
        // A list may be empty.
        Place::All => return list::all(opening),
        Place::Key(handle) => key::open(*handle, &uri.password, opening),
        Place::Nv(index) => nv::open(*index, &uri.password, opening),
        Place::File(path) => contents::of_file(path, &uri.password, opening),
        Place::Serialized(path) => match serialized(path)? {
            Serialized::Key { handle, public } => key::open_expected(handle, &public, &uri.password, opening),
            Serialized::Nv(public) => nv::open(public.index, &uri.password, opening),
        },
    }?;
    if found.is_empty() {
        opening.wanted.missed()?;
    }
    Ok(found)
}

fn serialized(path: &std::path::Path) -> Result<Serialized> {
    let octets = contents::read(path)?;
    Serialized::from_octets(&octets).map_err(|source| {
        let text = format!(
            "{} is no serialized object of tpm2-tss, such as tpm2_evictcontrol -o writes",
            path.display()
        );
        Error::new(Reason::Contents, text).with_source(source)
    })
}

impl Object {
    /// provider-object(7)
    fn hand_to(self, found: &Callback<'_>) -> bool {
        /// OSSL_OBJECT_NAME, OSSL_OBJECT_PKEY, OSSL_OBJECT_CERT of core_object.h.
        const NAME: i32 = 1;
        const KEY: i32 = 2;
        const CERTIFICATE: i32 = 3;
        let mut list = ParamList::new();
        match self {
            Object::Key(key) => {
                list.int(c"type", KEY).text(c"data-type", key.kind().name());
                found.call_with_key(list, key)
            }
            Object::Certificate(der) => {
                list.int(c"type", CERTIFICATE).octets(c"data", &der);
                found.call(list.as_params())
            }
            Object::PublicKey(der) => {
                list.int(c"type", KEY).text(c"data-structure", "SubjectPublicKeyInfo").octets(c"data", &der);
                found.call(list.as_params())
            }
            Object::Name(uri, description) => {
                list.int(c"type", NAME).text(c"data", &uri).text(c"desc", &description);
                found.call(list.as_params())
            }
        }
    }
}
