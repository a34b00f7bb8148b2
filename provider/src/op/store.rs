//! The store: keys at persistent handles, contents of NV indexes and files, and a list of all of them, by
//! URI.

mod contents;
mod key;
mod list;
mod nv;
mod password;
mod refused;
mod wanted;

use std::collections::VecDeque;
use std::ffi::CStr;
use std::sync::Arc;

pub(crate) use password::{for_reference, prompt};
pub(crate) use refused::RefusedStore;

use keyfile::uri::{Location, Password, Uri};
use keyfile::{Content, KeyFile, Serialized};
use zeroize::Zeroizing;

use crate::error::{Error, Reason, Result};
use crate::ffi::bio::Bio;
use crate::ffi::callback::{Callback, Passphrase};
use crate::ffi::op::store::Store;
use crate::ffi::params::{Descriptors, ParamList, Params};
use crate::key::Key;
use crate::provider::Provider;
use wanted::Wanted;

/// An open URI, or the contents of a BIO.
pub(crate) struct TpmStore {
    source: Source,
    wanted: Wanted,
    state: State,
    /// The last load reported an error. The end is reported only by the next load, because
    /// OSSL_STORE_error(3ossl) ignores an error at the end.
    failed: bool,
}

/// The source of the objects. Each variant may contain a password.
enum Source {
    /// A URI, and the contents of the serialized object that it names.
    Uri(Zeroizing<Vec<u8>>, Option<Zeroizing<Vec<u8>>>),
    Attached(Zeroizing<Vec<u8>>),
}

/// The progress of loading.
enum State {
    /// Nothing has been loaded.
    Unread,
    /// These objects are still to be loaded.
    Found(VecDeque<Found>),
}

/// An object that a URI names.
enum Found {
    /// A ready object.
    Object(Object),
    /// Contents of a file or an NV index, with the password. They become an object when they are loaded: so a
    /// key that the caller does not load causes neither a password prompt nor an error.
    Content(Content, Password),
}

/// An object for the caller.
enum Object {
    /// A key, or its public half.
    Key(Arc<Key>),
    /// A certificate in DER.
    Certificate(Vec<u8>),
    /// A revocation list in DER.
    RevocationList(Vec<u8>),
    /// A public key in DER of a type that this provider lacks.
    PublicKey(Vec<u8>),
    /// A URI and its description.
    Name(String, String),
}

/// The environment for opening objects.
#[derive(Clone, Copy)]
struct Opening<'a> {
    provider: &'a Arc<Provider>,
    passphrase: &'a Passphrase<'a>,
    wanted: &'a Wanted,
}

impl Store for TpmStore {
    fn open(provider: &Provider, uri: &CStr) -> Result<Self> {
        let bytes = uri.to_bytes();
        // The first load reports faults of the URI. A missing serialized object is reported earlier, as in
        // tpm2-openssl.
        let path = understood(bytes, provider).ok().and_then(|uri| match uri.location {
            Location::Serialized(path) => Some(path),
            _ => None,
        });
        let file = path.map(|path| contents::read(&path)).transpose()?;
        Ok(TpmStore::new(Source::Uri(Zeroizing::new(bytes.to_vec()), file)))
    }

    fn attach(provider: &Provider, mut input: Bio<'_>) -> Self {
        // One byte more than the limit shows that the input is too large.
        let room = KeyFile::MAX_SIZE.saturating_add(1);
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        input.read(provider.core(), room, &mut bytes);
        TpmStore::new(Source::Attached(bytes))
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
        let opening = Opening { provider, passphrase, wanted: &self.wanted };
        let loaded = self.state.next(&self.source, opening);
        self.failed = loaded.is_err();
        Ok(loaded?.is_none_or(|object| object.hand_to(found)))
    }

    fn is_at_end(&self) -> bool {
        !self.failed && matches!(&self.state, State::Found(found) if found.is_empty())
    }
}

impl TpmStore {
    fn new(source: Source) -> Self {
        TpmStore { source, wanted: Wanted::default(), state: State::Unread, failed: false }
    }
}

impl State {
    /// Returns the next object; `None` at the end.
    fn next(&mut self, source: &Source, opening: Opening<'_>) -> Result<Option<Object>> {
        if let Self::Unread = self {
            // The URI is opened only once, even if it fails.
            *self = Self::Found(VecDeque::new());
            let everything = match source {
                Source::Uri(uri, file) => everything(uri, file.as_ref().map_or(&[], |file| file), opening),
                Source::Attached(bytes) => everything_attached(bytes, opening),
            };
            *self = Self::Found(everything?.into());
        }
        let Self::Found(found) = self else { return Ok(None) };
        match found.pop_front() {
            Some(Found::Object(object)) => Ok(Some(object)),
            Some(Found::Content(content, password)) => {
                contents::object(content, &password, opening).map(Some)
            }
            None => Ok(None),
        }
    }
}

/// Parses the URI.
fn understood(uri: &[u8], provider: &Provider) -> Result<Uri> {
    let text = std::str::from_utf8(uri).map_err(|_| {
        Error::new(Reason::Uri, "the URI is not UTF-8").with_hint("write other bytes of a path as %C3%BC")
    })?;
    Ok(Uri::parse(text, tpm::config::nv_prefix(provider)?.as_deref())?)
}

/// Returns all wanted objects that the URI names. `file` contains the serialized object that it names.
fn everything(uri: &[u8], file: &[u8], opening: Opening<'_>) -> Result<Vec<Found>> {
    let uri = understood(uri, opening.provider)?;
    let found = match &uri.location {
        // A list may be empty.
        Location::All => return list::all(opening),
        Location::Key(handle) | Location::Transient(handle) => key::open(*handle, &uri.password, opening),
        Location::Nv(index) => nv::open(*index, &uri.password, opening),
        Location::Unread(_) => Ok(Vec::new()),
        Location::File(path) => {
            contents::found(&contents::read(path)?, &uri.password, opening, &path.display().to_string())
        }
        Location::Serialized(path) => named_by(serialized(path, file)?, &uri.password, opening),
    }?;
    if found.is_empty() {
        opening.wanted.missed(&uri.location)?;
    }
    Ok(found)
}

/// Returns all wanted objects in the attached bytes, which are a serialized object or the contents of a file.
/// OSSL_STORE_attach(3ossl) does not pass on which URI scheme was used.
fn everything_attached(bytes: &[u8], opening: Opening<'_>) -> Result<Vec<Found>> {
    if bytes.len() > KeyFile::MAX_SIZE {
        return Err(Error::new(Reason::Contents, "the attached data is larger than any key file"));
    }
    match Serialized::from_bytes(bytes) {
        Ok(object) => named_by(object, &Password::Unspecified, opening),
        Err(_) => contents::found(bytes, &Password::Unspecified, opening, "the attached data"),
    }
}

/// Opens the object that a serialized object names.
fn named_by(object: Serialized, password: &Password, opening: Opening<'_>) -> Result<Vec<Found>> {
    match object {
        Serialized::Key { handle, public } => key::open_expected(handle, &public, password, opening),
        Serialized::Nv(public) => nv::open(public.index, password, opening),
    }
}

fn serialized(path: &std::path::Path, file: &[u8]) -> Result<Serialized> {
    Serialized::from_bytes(file).map_err(|source| {
        let text =
            format!("{} is not a serialized object of tpm2-tss (tpm2_evictcontrol -o)", path.display());
        Error::new(Reason::Contents, text).with_source(source)
    })
}

impl Object {
    /// provider-object(7)
    fn hand_to(self, found: &Callback<'_>) -> bool {
        /// OSSL_OBJECT_NAME, OSSL_OBJECT_PKEY, OSSL_OBJECT_CERT, OSSL_OBJECT_CRL of core_object.h.
        const NAME: i32 = 1;
        const KEY: i32 = 2;
        const CERTIFICATE: i32 = 3;
        const REVOCATION_LIST: i32 = 4;
        let mut list = ParamList::new();
        match self {
            Object::Key(key) => {
                list.int(c"type", KEY).text(c"data-type", key.kind().name());
                found.call_with_key(list, key)
            }
            Object::Certificate(der) => {
                list.int(c"type", CERTIFICATE).bytes(c"data", &der);
                found.call(list.as_params())
            }
            Object::RevocationList(der) => {
                list.int(c"type", REVOCATION_LIST).bytes(c"data", &der);
                found.call(list.as_params())
            }
            Object::PublicKey(der) => {
                list.int(c"type", KEY).text(c"data-structure", "SubjectPublicKeyInfo").bytes(c"data", &der);
                found.call(list.as_params())
            }
            Object::Name(uri, description) => {
                list.int(c"type", NAME).text(c"data", &uri).text(c"desc", &description);
                found.call(list.as_params())
            }
        }
    }
}
