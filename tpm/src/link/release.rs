//! Letting go: of everything at the end, of what is provably ours after a reset, of all without a word in a forked child.

use keyfile::CommandCode;

use super::Link;
use crate::command::{Command, Wire, flush};
use crate::error::Error;
use crate::parents::Parents;
use crate::places::{Occupant, Place, Places};
use crate::rc::ResponseCode;
use crate::session::{Authorization, Session, Use};
use crate::transport::Closed;

/// What a broken connection may have left in the TPM.
pub(crate) struct Debris {
    places: Places,
    session: Option<Session>,
    policy: Option<Session>,
}

impl Link {
    /// Flushes everything; what fails stays behind, for nothing more can be done.
    pub(crate) fn flush_all(&mut self) {
        // Where others use the TPM too, it may have been reset unseen.
        if self.rules.shared {
            return self.release_ours();
        }
        for occupant in self.places.occupants() {
            let _ = self.evict(occupant);
        }
        let _ = self.drop_session();
        let _ = self.drop_policy();
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
            false => drop(self.drop_policy()),
        }
        self.parents = Parents::default();
    }

    /// Flushes one object whose user is gone, at a time when the TPM may have been reset unseen.
    pub(crate) fn release(&mut self, occupant: Occupant) {
        if !self.rules.shared {
            let _ = self.evict(occupant);
        } else if let Some(place) = self.places.leave_place(occupant) {
            if self.is_ours(&place) {
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

    /// Closes the connection, and keeps in mind what it may have left in the TPM until there is another.
    pub(crate) fn hang_up(&mut self) {
        self.wire = Wire::new(Box::new(Closed));
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

    /// GetRandom within the session, which is let go with it.
    fn end_session(&mut self, session: &mut Session) -> Result<(), Error> {
        let command =
            Command { code: CommandCode::GET_RANDOM, handles: &[], parameters: &[0, 8], makes_handle: false };
        let how = Use { auth: &[], decrypt: false, encrypt: true, keep: false };
        self.wire.run(&command, &mut [Authorization::Session(session, how)], &mut self.places).map(drop)
    }
}
