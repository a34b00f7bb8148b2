//! Runs commands in the sessions that protect or authorize them.

use keyfile::Handle;

use super::handle_recorder::HandleRecorder;
use super::lost::Lost;
use super::{Connection, Slots};
use crate::command::context::Flushed;
use crate::command::random::get_random;
use crate::command::{By, Command, Executor, Protect, Response, Run};
use crate::error::{Error, ErrorKind};
use crate::rc::{Part, ResponseCode};
use crate::session::{Authorization, Session, Use};

impl Run for Connection {
    fn bare(&mut self, command: &Command<'_>) -> Result<Response<'_>, Error> {
        let Self { executor, session, policy, slots, cleanup, parents, rules, .. } = self;
        let result = executor.run(command, None, slots);
        let sessions = [&*session, &*policy];
        HandleRecorder { slots, sessions, cleanup, parents, shared: rules.shared }.record(command, result)
    }

    fn audited(&mut self, command: &Command<'_>) -> Result<Response<'_>, Error> {
        if !self.is_authentic() {
            return self.bare(command);
        }
        self.in_session(command, Use::AUDIT)
    }

    fn secret(&mut self, command: &Command<'_>) -> Result<Response<'_>, Error> {
        if self.rules.unprotected {
            return self.bare(command);
        }
        self.in_session(command, Use::SECRET)
    }

    fn is_authentic(&self) -> bool {
        let trusted = |session: &Session| !session.has_ended() && !session.is_distrusted();
        !self.rules.unprotected && self.session.as_ref().is_some_and(trusted)
    }

    fn with_two_objects(&mut self, command: &Command<'_>, by: [By<'_>; 2]) -> Result<Response<'_>, Error> {
        let Self { executor, session, policy, slots, rules, .. } = self;
        let unprotected = rules.unprotected;
        let mut session = session.as_mut().filter(|session| !session.has_ended());
        let mut second = policy.as_mut().filter(|policy| !policy.has_ended());
        let mut authorizations = Vec::with_capacity(by.len());
        for by in by {
            let (session, auth, keep) = match by {
                By::AuthValue(auth) if auth.is_empty() || unprotected => {
                    authorizations.push(Authorization::Password(auth));
                    continue;
                }
                By::Policy(auth) => (second.take(), auth, false),
                By::AuthValue(auth) => match session.take() {
                    Some(session) => {
                        let keep = !rules.must_end(session);
                        (Some(session), auth, keep)
                    }
                    // A session authorizes one object only (Part 1 §19.6.1), so the other has its own.
                    None => (second.take(), auth, false),
                },
            };
            let how = Use { auth, decrypt: false, encrypt: false, audit: false, keep };
            authorizations.push(Authorization::Session(session.ok_or_else(no_session)?, how));
        }
        let in_step = !authorizations.iter().any(Authorization::is_distrusted);
        let result = executor.run(command, Some(&mut authorizations), slots);
        result.map_err(|error| {
            if error.kind() == ErrorKind::Authorization {
                authorizations.iter_mut().for_each(Authorization::note_refusal);
            }
            if !is_busy(&error) {
                authorizations.iter_mut().for_each(Authorization::distrust);
            }
            match (in_step, error.code().and_then(ResponseCode::part), command.handles) {
                (false, ..) => as_integrity_error(error),
                (true, Some(Part::Session(2)), [_, second, ..]) => error.at(second.handle, second.name),
                (true, ..) => error,
            }
        })
    }

    fn authorized(
        &mut self,
        command: &Command<'_>,
        auth: &[u8],
        protect: Protect,
    ) -> Result<Response<'_>, Error> {
        let Self { executor, session, policy, slots, cleanup, parents, rules, .. } = self;
        let session = session.as_mut().filter(|session| protect.session && !session.has_ended());
        let policy = policy.as_mut().filter(|policy| protect.policy && !policy.has_ended());
        if protect.policy && policy.is_none() {
            return Err(no_session());
        }
        let Protect { decrypt, encrypt, last, .. } = protect;
        let keep = |over: bool| !(last && over);
        let mut authorizations = Vec::with_capacity(2);
        let by_policy = policy.is_some();
        if let Some(policy) = policy {
            let keep = keep(rules.policy_must_end(policy));
            let how = Use { auth, decrypt: false, encrypt: false, audit: false, keep };
            authorizations.push(Authorization::Session(policy, how));
        }
        match session {
            Some(session) => {
                // Next to a policy session it authorizes no handle, and its keys contain no authValue (Part 1 §19.6.5, §21.2).
                let auth = if by_policy { &[] } else { auth };
                // A session without a purpose is refused. TPM2_Sign cannot encrypt its answer, so its digest is encrypted.
                let decrypt = decrypt || (by_policy && !encrypt);
                let keep = keep(rules.must_end(session));
                let how = Use { auth, decrypt, encrypt, audit: false, keep };
                authorizations.push(Authorization::Session(session, how));
            }
            None if by_policy && (rules.unprotected || !protect.session) => {}
            // The last check before the bus: a password is sent in the clear only if the user chose that.
            None if rules.unprotected || (!protect.session && auth.is_empty()) => {
                authorizations.push(Authorization::Password(auth));
            }
            None => return Err(no_session()),
        }
        let in_step = !authorizations.iter().any(Authorization::is_distrusted);
        let result = executor.run(command, Some(&mut authorizations), slots);
        let result = result.map_err(|error| match in_step && is_about_first_session(&error) {
            true => error,
            false => as_integrity_error(error),
        });
        if result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Authorization) {
            authorizations.iter_mut().for_each(Authorization::note_refusal);
        }
        if result.is_ok() && !protect.hidden && (protect.session || rules.unprotected) {
            parents.confirm();
            cleanup.made.clear();
        }
        if result.as_ref().is_err_and(|error| !is_busy(error)) && (protect.session || protect.policy) {
            // A response code is not authenticated: the TPM may have executed the command and changed its nonce. A password proven
            // with the old nonce would count as wrong.
            for session in self.session.iter_mut().chain(&mut self.policy) {
                session.distrust();
            }
        }
        let sessions = [&self.session, &self.policy];
        HandleRecorder { slots, sessions, cleanup, parents, shared: rules.shared }.record(command, result)
    }

    fn flush(&mut self, handle: Handle) -> Result<(), Error> {
        let what = self.cleanup.take_made(handle);
        let flushed = self.flush_context(handle);
        match (flushed, what) {
            (Ok(Flushed::Done), _) => Ok(()),
            // In a TPM that other processes use, too, nothing is searched for: the object is tried again.
            (Ok(Flushed::Absent), what) if self.rules.shared => {
                self.cleanup.refused.push((handle, what.unwrap_or(Lost::Object(Vec::new()))));
                Ok(())
            }
            (Ok(Flushed::Absent), None) => Ok(()),
            (Ok(Flushed::Absent), Some(what)) => {
                self.cleanup.lost.push(what);
                Ok(())
            }
            (Err(error), what) => {
                let what = what.unwrap_or(Lost::Object(Vec::new()));
                self.cleanup.refused.push((handle, what));
                if error.kind() == ErrorKind::Io { Err(error) } else { Ok(()) }
            }
        }
    }

    fn wipe(&mut self) {
        self.executor.wipe();
    }
}

impl Connection {
    /// Returns true if the response that started a session of the refused command was altered in transit. It runs a command that needs
    /// no password in that session: then the TPM refuses this too, or its answer is not authentic.
    pub(crate) fn has_damaged_session(&mut self) -> bool {
        // The HMAC of a session without a handle does not count towards the lockout.
        let command = get_random(&[0, 1]);
        let Self { executor, session, policy, slots, .. } = self;
        [session, policy].into_iter().any(|session| {
            session.as_ref().is_some_and(Session::is_suspect)
                && in_session(executor, slots, session, &command, Use::SECRET)
                    .is_err_and(|error| error.kind() == ErrorKind::Integrity)
        })
    }

    /// Runs a command without handles in the protecting session.
    fn in_session(&mut self, command: &Command<'_>, how: Use<'_>) -> Result<Response<'_>, Error> {
        let Self { executor, session, slots, .. } = self;
        in_session(executor, slots, session, command, how)
    }
}

/// Runs a command without handles in this session.
fn in_session<'a>(
    executor: &'a mut Executor,
    slots: &mut Slots,
    session: &mut Option<Session>,
    command: &Command<'_>,
    how: Use<'_>,
) -> Result<Response<'a>, Error> {
    let session = session.as_mut().filter(|session| !session.has_ended()).ok_or_else(no_session)?;
    let result = executor.run(command, Some(&mut vec![Authorization::Session(session, how)]), slots);
    result.map_err(|error| {
        if !is_busy(&error) {
            session.distrust();
        }
        match error.kind() {
            ErrorKind::Authorization => error.command_altered(),
            _ => error,
        }
    })
}

/// Returns true if the TPM is busy. It has not executed the command, and its nonces are unchanged.
fn is_busy(error: &Error) -> bool {
    error.code().is_some_and(ResponseCode::is_busy)
}

fn no_session() -> Error {
    Error::new(ErrorKind::Integrity, "there is no session to protect the command")
}

/// Returns true if a refusal is about the session that authorizes. The other one only protects and proves no password.
fn is_about_first_session(error: &Error) -> bool {
    !matches!(error.code().and_then(ResponseCode::part), Some(Part::Session(2..)))
}

/// Reports a refused password as an integrity error: a session that is out of step with the TPM looks like a wrong password.
fn as_integrity_error(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Authorization => error
            .of_kind(ErrorKind::Integrity)
            .advise("a session was out of step with the TPM: try again; if it repeats, check the TPM's bus"),
        _ => error,
    }
}
