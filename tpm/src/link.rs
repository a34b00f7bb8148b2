//! One live connection: the wire, the session on it, the objects that are loaded through it.

use std::time::Duration;

use keyfile::{CommandCode, Name};

use crate::command::{Command, Entity, Response, Wire, flush};
use crate::config::{Config, Connection, Manager, Protection};
use crate::error::{Error, ErrorKind};
use crate::parents::Parents;
use crate::places::{Occupant, Place, Places};
use crate::rc::ResponseCode;
use crate::session::{Authorization, Session, Use};
use crate::transport::Transport;

/// One live connection.
pub(crate) struct Link {
    wire: Wire,
    pub(crate) session: Option<Session>,
    /// Authorizes where a policy does; the session above protects.
    pub(crate) policy: Option<Session>,
    pub(crate) places: Places,
    pub(crate) parents: Parents,
    pub(crate) rules: Rules,
}

/// What a broken connection may have left in the TPM.
pub(crate) struct Debris {
    places: Places,
    session: Option<Session>,
    policy: Option<Session>,
}

/// What the configuration and the way to the TPM say together.
pub(crate) struct Rules {
    /// Whether passwords may cross the bus, because the user said so.
    pub(crate) unprotected: bool,
    /// How long a session is kept; None is as long as the connection.
    pub(crate) keep: Option<Duration>,
    /// Whether the kernel's resource manager, or one like it, stands between.
    pub(crate) kernel: bool,
    /// Whether other processes use the same object places between our commands.
    pub(crate) shared: bool,
    /// The Name of the only salt key to trust.
    pub(crate) salt_name: Option<Name>,
}

/// A handle that a command needs authorization for.
pub(crate) struct Guarded<'a> {
    pub(crate) entity: Entity<'a>,
    /// The authValue.
    pub(crate) auth: &'a [u8],
}

/// How one command is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Protect {
    session: bool,
    decrypt: bool,
    encrypt: bool,
    last: bool,
    policy: bool,
}

impl Protect {
    /// By nothing: only where nothing secret crosses the bus.
    pub(crate) const NONE: Self =
        Self { session: false, decrypt: false, encrypt: false, last: false, policy: false };
    /// By the session.
    pub(crate) const SESSION: Self = Self { session: true, ..Self::NONE };

    /// Encrypts the first parameter of the command.
    pub(crate) fn decrypted(self) -> Self {
        Self { decrypt: true, ..self }
    }

    /// Encrypts the first parameter of the answer.
    pub(crate) fn encrypted(self) -> Self {
        Self { encrypt: true, ..self }
    }

    /// The session is not needed afterwards.
    pub(crate) fn last(self) -> Self {
        Self { last: true, ..self }
    }

    /// The policy session authorizes, and the other only protects.
    pub(crate) fn by_policy(self) -> Self {
        Self { policy: true, ..self }
    }
}

impl Rules {
    fn new(config: &Config, transport: &dyn Transport) -> Self {
        let kernel = match config.manager {
            Manager::Auto => transport.is_managed_by_kernel(),
            Manager::Kernel => true,
            Manager::None => false,
        };
        let keep = match config.connection {
            Connection::Operation => Some(Duration::ZERO),
            Connection::Process if kernel => Some(config.session_keep.unwrap_or_default()),
            Connection::Process => None,
        };
        Self {
            unprotected: config.session == Protection::Password,
            keep,
            kernel,
            shared: transport.is_shared() && !kernel,
            salt_name: config.salt_name.clone(),
        }
    }

    /// Whether a session should not outlive the operation.
    fn is_over(&self, session: &Session) -> bool {
        session.is_distrusted() || self.keep.is_some_and(|keep| session.started().elapsed() >= keep)
    }

    /// The same for a policy session. A TPM has three places for sessions: where several processes share them, one that waits for
    /// its next use would keep the others waiting too.
    fn policy_is_over(&self, policy: &Session) -> bool {
        self.shared || self.is_over(policy)
    }
}

impl Link {
    /// Takes a connection that was just opened.
    pub(crate) fn new(transport: Box<dyn Transport>, config: &Config) -> Self {
        let rules = Rules::new(config, &*transport);
        let (places, parents) = (Places::default(), Parents::default());
        Self { wire: Wire::new(transport), session: None, policy: None, places, parents, rules }
    }

    /// A command that needs no authorization.
    pub(crate) fn bare(&mut self, command: &Command<'_>) -> Result<Response<'_>, Error> {
        self.wire.run(command, &mut [], &mut self.places)
    }

    /// A command on two objects that have no passwords; the policy of the second, if it has one, is satisfied in the policy session,
    /// which ends with the command.
    pub(crate) fn on_both(&mut self, command: &Command<'_>, by_policy: bool) -> Result<Response<'_>, Error> {
        let Self { wire, policy, places, .. } = self;
        let how = Use { auth: &[], decrypt: false, encrypt: false, keep: false };
        let second = match policy.as_mut().filter(|policy| by_policy && !policy.has_ended()) {
            Some(policy) => Authorization::Session(policy, how),
            None => Authorization::Password(&[]),
        };
        wire.run(command, &mut [Authorization::Password(&[]), second], places)
    }

    /// A command with one handle, which needs authorization; gives the answer's parameters.
    pub(crate) fn guarded(
        &mut self,
        code: CommandCode,
        on: &Guarded<'_>,
        parameters: &[u8],
        protect: Protect,
    ) -> Result<&[u8], Error> {
        let command = Command { code, handles: &[on.entity], parameters, makes_handle: false };
        Ok(self.authorized(&command, on.auth, protect)?.parameters)
    }

    /// The same for a command that makes an object.
    pub(crate) fn guarded_making(
        &mut self,
        code: CommandCode,
        on: &Guarded<'_>,
        parameters: &[u8],
        protect: Protect,
    ) -> Result<Response<'_>, Error> {
        let command = Command { code, handles: &[on.entity], parameters, makes_handle: true };
        self.authorized(&command, on.auth, protect)
    }

    /// The line itself, for a command past the executor.
    pub(crate) fn transport(&mut self) -> &mut dyn Transport {
        self.wire.transport()
    }

    /// Wipes the last answer, which held a secret.
    pub(crate) fn wipe(&mut self) {
        self.wire.wipe();
    }

    /// Whether a session is there to protect the next command.
    pub(crate) fn has_session(&self) -> bool {
        self.session.as_ref().is_some_and(|session| !session.has_ended())
    }

    /// A command whose first handle needs authorization.
    pub(crate) fn authorized(
        &mut self,
        command: &Command<'_>,
        auth: &[u8],
        protect: Protect,
    ) -> Result<Response<'_>, Error> {
        let Self { wire, session, policy, places, rules, .. } = self;
        let session = session.as_mut().filter(|session| protect.session && !session.has_ended());
        let policy = policy.as_mut().filter(|policy| protect.policy && !policy.has_ended());
        let Protect { decrypt, encrypt, last, .. } = protect;
        let keep = |over: bool| !(last && over);
        let mut authorizations = Vec::with_capacity(2);
        let by_policy = policy.is_some();
        if let Some(policy) = policy {
            let keep = keep(rules.policy_is_over(policy));
            let how = Use { auth, decrypt: false, encrypt: false, keep };
            authorizations.push(Authorization::Session(policy, how));
        }
        match session {
            Some(session) => {
                // Beside a policy session it belongs to no handle, and no authValue is part of its keys (Part 1 §19.6.5, §21.2).
                let auth = if by_policy { &[] } else { auth };
                // Nor may it be there for nothing: TPM2_Sign, which cannot encrypt its answer, takes an encrypted digest.
                let decrypt = decrypt || (by_policy && !encrypt);
                let keep = keep(rules.is_over(session));
                authorizations.push(Authorization::Session(session, Use { auth, decrypt, encrypt, keep }));
            }
            None if by_policy && (rules.unprotected || !protect.session) => {}
            // The last bar before the bus: a password leaves in the clear only where the user chose that.
            None if !protect.policy && (rules.unprotected || (!protect.session && auth.is_empty())) => {
                authorizations.push(Authorization::Password(auth));
            }
            None => {
                return Err(Error::new(ErrorKind::Integrity, "there is no session to protect the command"));
            }
        }
        let result = wire.run(command, &mut authorizations, places);
        if matches!(&result, Err(error) if error.kind() == ErrorKind::Integrity) {
            // Their nonces are unknown now.
            for session in self.session.iter_mut().chain(&mut self.policy) {
                session.distrust();
            }
        }
        result
    }

    /// Ends an operation: a session that should not outlive it is flushed, if its last command has not ended it.
    pub(crate) fn finish(&mut self) {
        if self.session.as_ref().is_some_and(|session| self.rules.is_over(session)) {
            self.drop_session();
        }
        if self.policy.as_ref().is_some_and(|policy| self.rules.policy_is_over(policy)) {
            self.drop_policy();
        }
    }

    /// Flushes one object.
    pub(crate) fn evict(&mut self, occupant: Occupant) -> Result<(), Error> {
        if let Some(handle) = self.places.leave(occupant) {
            flush(self.wire.transport(), handle)?;
        }
        Ok(())
    }

    /// Flushes everything; what fails stays behind, for nothing more can be done.
    pub(crate) fn flush_all(&mut self) {
        // Where others use the TPM too, it may have been reset unseen.
        if self.rules.shared {
            return self.release_ours();
        }
        for place in self.places.leave_all() {
            let _ = flush(self.wire.transport(), place.handle);
        }
        self.drop_session();
        self.drop_policy();
    }

    /// Flushes what is provably ours, and forgets the rest: after a reset the handles may be somebody else's.
    pub(crate) fn release_ours(&mut self) {
        let mut was_reset = true;
        for place in self.places.leave_all() {
            if self.is_ours(&place) {
                was_reset = false;
                let _ = flush(self.wire.transport(), place.handle);
            }
        }
        if let Some(mut session) = self.session.take().filter(|session| !session.has_ended()) {
            // A session proves itself by an HMAC; the command that asks for it ends it. One whose last answer was lost cannot, for
            // its nonce has changed; but where our objects are still there, no reset has given its handle to somebody else.
            match self.end_session(&mut session) {
                Ok(()) => was_reset = false,
                Err(_) if !was_reset => drop(flush(self.wire.transport(), session.handle)),
                Err(_) => {}
            }
        }
        // A policy session has nothing to prove itself by.
        match was_reset {
            true => self.policy = None,
            false => self.drop_policy(),
        }
        self.parents = Parents::default();
    }

    /// Flushes one object whose user is gone, at a time when the TPM may have been reset unseen.
    pub(crate) fn release(&mut self, occupant: Occupant) {
        if let Some(place) = self.places.leave_place(occupant) {
            if !self.rules.shared || self.is_ours(&place) {
                let _ = flush(self.wire.transport(), place.handle);
            }
        }
    }

    fn is_ours(&mut self, place: &Place) -> bool {
        self.read_public(place.handle).is_ok_and(|(_, name)| name == place.name)
    }

    /// Startup(CLEAR) after a reset. If somebody was faster, or there was no reset, what is ours may still be there.
    pub(crate) fn start_again(&mut self) -> Result<(), Error> {
        match self.startup() {
            Err(error) if error.code().map(ResponseCode::base) == Some(ResponseCode::INITIALIZE) => {
                self.release_ours();
                Ok(())
            }
            started => {
                self.forget_all();
                started
            }
        }
    }

    /// What a broken connection may have left in the TPM.
    pub(crate) fn into_debris(self) -> Debris {
        Debris { places: self.places, session: self.session, policy: self.policy }
    }

    /// Clears it away on a new connection; the kernel has done that itself.
    pub(crate) fn clear_away(&mut self, debris: Debris) {
        if !self.rules.kernel {
            self.places = debris.places;
            self.session = debris.session;
            self.policy = debris.policy;
            self.release_ours();
        }
    }

    /// Forgets everything without a word: the TPM was reset, or the connection is another process's.
    pub(crate) fn forget_all(&mut self) {
        self.places.leave_all();
        self.session = None;
        self.policy = None;
        self.parents = Parents::default();
    }

    /// Gives the connection up in a forked child.
    pub(crate) fn forget(mut self) {
        self.forget_all();
        self.wire.into_transport().forget();
    }

    /// Whether nobody but us sends TPM2_Startup.
    pub(crate) fn is_simulator(&mut self) -> bool {
        self.wire.transport().is_simulator()
    }

    /// GetRandom within the session, which is let go with it.
    fn end_session(&mut self, session: &mut Session) -> Result<(), Error> {
        let command =
            Command { code: CommandCode::GET_RANDOM, handles: &[], parameters: &[0, 8], makes_handle: false };
        let how = Use { auth: &[], decrypt: false, encrypt: true, keep: false };
        self.wire.run(&command, &mut [Authorization::Session(session, how)], &mut self.places).map(drop)
    }

    /// Flushes the policy session, whose statements are of no more use.
    pub(crate) fn drop_policy(&mut self) {
        if let Some(policy) = self.policy.take().filter(|policy| !policy.has_ended()) {
            let _ = flush(self.wire.transport(), policy.handle);
        }
    }

    fn drop_session(&mut self) {
        if let Some(session) = self.session.take().filter(|session| !session.has_ended()) {
            let _ = flush(self.wire.transport(), session.handle);
        }
    }
}
