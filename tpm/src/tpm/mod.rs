//! The TPM as its users see it: opened at first use, shared by all threads, usable after fork.

mod capabilities;
mod limits;
mod pcr;

pub use capabilities::Capabilities;
pub use limits::{refuses_both_uses, spelling};
pub use pcr::PcrValue;

use std::sync::Arc;
use std::thread;

use keyfile::{Handle, HashAlg, Name, PcrSelection, Public, Ticket};

use crate::auth::Auth;
use crate::command::Protect;
use crate::command::TimeInfo;
use crate::command::capability::{NV, PERSISTENT, handles};
use crate::command::{Lockout, clock, duplication, lockout, object, startup};
use crate::config::{Config, Lifetime};
use crate::connection::Connection;
use crate::crypto::wrap::Duplicate;
use crate::error::{Error, ErrorKind};
use crate::objects::Cache;
use crate::objects::Parent;
use crate::template::under_parent;
use crate::transport::location::Location;
use crate::transport::{locate, open};

use crate::connection::MAX_LOADED;
use crate::connection::Retry;
use crate::connection::{Generation, Generations};
use crate::transport::Opener;

/// A TPM. Clones share one connection.
#[derive(Clone)]
pub struct Tpm(Arc<Shared>);

struct Shared {
    config: Config,
    opener: Opener,
    generations: Generations,
    /// The contents of TPM2B_PRIVATEs, as TPM2_Import gave them.
    imports: Cache<Vec<u8>>,
    /// The tickets of signed policies.
    tickets: Cache<Ticket>,
}

/// A new key.
pub struct Created {
    /// Its public area.
    pub public: Public,
    /// The contents of its TPM2B_PRIVATE, which only its parent can read.
    pub private: Vec<u8>,
}

impl Tpm {
    /// Takes note of the choices; nothing is opened before the first use.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let tcti = config.tcti.clone();
        Self::over(config, Box::new(move || open(tcti.as_deref())))
    }

    /// The same, over connections that somebody else opens.
    #[must_use]
    pub fn over(config: Config, opener: Opener) -> Self {
        let generations = Generations::default();
        Self(Arc::new(Shared {
            config,
            opener,
            generations,
            imports: Cache::default(),
            tickets: Cache::default(),
        }))
    }

    /// What was chosen.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Where it is, as the configuration or the environment says it; nothing is opened.
    ///
    /// # Errors
    /// Nobody says where it is, or what is said is no TCTI string.
    pub fn location(&self) -> Result<Location, Error> {
        locate(self.0.config.tcti.as_deref())
    }

    /// Reads what is at a handle.
    ///
    /// # Errors
    /// There is nothing, or no TPM.
    pub fn read_public(&self, handle: Handle) -> Result<(Public, Name), Error> {
        self.operate(|connection| object::read_public(connection, handle))
    }

    /// Has the TPM test itself: all of it, or what it has not tested yet.
    ///
    /// # Errors
    /// It fails, or there is no TPM.
    pub fn self_test(&self, full: bool) -> Result<(), Error> {
        self.operate(|connection| startup::self_test(connection, full))
    }

    /// Makes a key under a parent.
    ///
    /// # Errors
    /// The TPM refuses the template or the parent's password, or there is no TPM.
    pub fn create(&self, parent: &Parent, template: &Public, auth: Option<&Auth>) -> Result<Created, Error> {
        self.seal(parent, template, auth, &[])
    }

    /// Seals data under a parent; the template is [`crate::template::Template::sealed`].
    ///
    /// # Errors
    /// As [`Tpm::create`], and there is more data than the TPM takes ([`crate::template::MAX_SEALED`]).
    pub fn seal(
        &self,
        parent: &Parent,
        template: &Public,
        auth: Option<&Auth>,
        data: &[u8],
    ) -> Result<Created, Error> {
        let auth = auth.map(|auth| auth.as_value(template.name_alg)).unwrap_or_default();
        self.operate(|connection| {
            let number = connection.parent_in_session(parent)?;
            let parent_key = connection.ready_parent(number, parent)?;
            connection.make_room_for_child(number, parent)?;
            let template = under_parent::under(connection.parent_public(number)?.0, template);
            let made = object::create(
                connection,
                &parent_key.guarded(),
                &template,
                &auth,
                data,
                Protect::SESSION.last(),
            );
            let made = made.map_err(|error| connection.parent_refused(number, error, parent))?;
            connection.settle(&[])?;
            Ok(Created { public: made.public, private: made.private })
        })
    }

    /// Gives a wrapped object its new parent; the answer is the contents of its TPM2B_PRIVATE.
    ///
    /// # Errors
    /// It was wrapped for another parent, the parent's password is wrong, or there is no TPM.
    pub fn import(&self, parent: &Parent, object: &Duplicate) -> Result<Vec<u8>, Error> {
        self.operate(|connection| {
            let number = connection.parent_in_session(parent)?;
            let private = connection.import_under(number, parent, object, Protect::SESSION.last())?;
            connection.settle(&[])?;
            Ok(private)
        })
    }

    /// The persistent handles that are taken.
    ///
    /// # Errors
    /// There is no TPM.
    pub fn persistent_handles(&self) -> Result<Vec<Handle>, Error> {
        self.operate(|connection| handles(connection, PERSISTENT))
    }

    /// The NV indexes that are defined.
    ///
    /// # Errors
    /// There is no TPM.
    pub fn nv_indexes(&self) -> Result<Vec<Handle>, Error> {
        self.operate(|connection| handles(connection, NV))
    }

    /// How near the dictionary-attack lockout is.
    ///
    /// # Errors
    /// There is no TPM.
    pub fn lockout(&self) -> Result<Lockout, Error> {
        self.operate(|connection| lockout::lockout(connection))
    }

    /// The value of each of these PCRs, all of one moment, in the order of the selection.
    ///
    /// # Errors
    /// The TPM has not got one of them, or there is no TPM.
    pub fn pcr_read(&self, selection: &PcrSelection) -> Result<Vec<PcrValue>, Error> {
        self.operate(|connection| connection.pcr_values(selection))
    }

    /// The digest of their values, as a PolicyPCR holds it.
    ///
    /// # Errors
    /// As [`Tpm::pcr_read`].
    pub fn pcr_digest(&self, selection: &PcrSelection, hash: HashAlg) -> Result<Vec<u8>, Error> {
        Ok(pcr::digest(&self.pcr_read(selection)?, hash))
    }

    /// Its time, clock and counters.
    ///
    /// # Errors
    /// There is no TPM.
    pub fn read_clock(&self) -> Result<TimeInfo, Error> {
        self.operate(|connection| clock::read_clock(connection))
    }

    /// The public area and Name of a parent; a derived one is derived.
    ///
    /// # Errors
    /// There is no such parent, its hierarchy's password is wrong, or there is no TPM.
    pub fn parent_public(&self, parent: &Parent) -> Result<(Public, Name), Error> {
        self.operate(|connection| {
            let number = connection.parent(parent)?;
            let (public, name) = connection.parent_public(number)?;
            let found = (public.clone(), name.clone());
            connection.settle(&[])?;
            Ok(found)
        })
    }

    /// Flushes everything that is loaded and disconnects. The next use connects again.
    pub fn close(&self) {
        if let Some(generation) = self.generation() {
            close(&mut generation.connection());
        }
    }

    /// This process's connection, if there has been one.
    pub(crate) fn generation(&self) -> Option<Arc<Generation>> {
        self.0.generations.find()
    }

    /// What was imported.
    pub(crate) fn imports(&self) -> &Cache<Vec<u8>> {
        &self.0.imports
    }

    /// What was verified of signed policies.
    pub(crate) fn tickets(&self) -> &Cache<Ticket> {
        &self.0.tickets
    }

    /// Runs one operation alone on the connection; when the connection turns out to be stale, once more on a new one.
    pub(crate) fn operate<T>(
        &self,
        mut operation: impl FnMut(&mut Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let generation = self.0.generations.here();
        let mut place = generation.connection();
        let mut retry = Retry::new(place.is_some());
        loop {
            let connection = match &mut *place {
                Some(connection) => connection,
                none => none.insert(self.connect()?),
            };
            let result = match connection.begin().and_then(|()| operation(connection)) {
                Err(failure) => match retry.mend(failure, &mut place, || self.connect()) {
                    Ok(pause) => {
                        if !pause.is_zero() {
                            // For other processes, and so without the lock.
                            drop(place);
                            thread::sleep(pause);
                            place = generation.connection();
                        }
                        continue;
                    }
                    Err(failure) => Err(explain(failure, &mut place)),
                },
                done => done,
            };
            if let Some(connection) = &mut *place {
                connection.finish();
            }
            if self.0.config.connection == Lifetime::Operation {
                close(&mut place);
            }
            return result;
        }
    }

    fn connect(&self) -> Result<Connection, Error> {
        Ok(Connection::new((self.0.opener)()?, &self.0.config))
    }
}

impl Connection {
    /// A parent, and a session that is salted to it if it can be.
    pub(crate) fn parent_in_session(&mut self, parent: &Parent) -> Result<usize, Error> {
        let number = self.parent(parent)?;
        self.open_session(Some((number, parent)))?;
        Ok(number)
    }

    /// Import under a parent that is known.
    pub(crate) fn import_under(
        &mut self,
        number: usize,
        parent: &Parent,
        object: &Duplicate,
        protect: Protect,
    ) -> Result<Vec<u8>, Error> {
        let parent_key = self.ready_parent(number, parent)?;
        self.make_room_for_child(number, parent)?;
        duplication::import(self, &parent_key.guarded(), object, protect)
            .map_err(|error| self.import_refused(number, error, parent))
    }

    /// A command that makes an object takes one more slot; the parent takes one too, persistent or not.
    pub(crate) fn make_room_for_child(&mut self, number: usize, parent: &Parent) -> Result<(), Error> {
        let needed = crate::connection::Transient::Parent(number);
        let most = if parent.is_derived() { MAX_LOADED } else { MAX_LOADED - 1 };
        self.make_room(most, &[needed])
    }
}

/// Says how long a lockout lasts.
fn explain(failure: Error, place: &mut Option<Connection>) -> Error {
    match (failure.kind(), place) {
        // One of our own says it already.
        (ErrorKind::Lockout, Some(connection)) if failure.code().is_some() => {
            match lockout::lockout(connection) {
                Ok(lockout) => failure.advise(lockout.to_string()),
                Err(_) => failure,
            }
        }
        _ => failure,
    }
}

/// Disconnects. What a broken connection keeps from being flushed is not forgotten: the next use, which connects again, clears it away.
fn close(place: &mut Option<Connection>) {
    let Some(connection) = place else { return };
    connection.flush_all();
    match connection.leaves_something() {
        true => connection.disconnect(),
        false => *place = None,
    }
}
