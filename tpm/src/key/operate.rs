//! One private operation: the key made ready, authorized and used, and whose failure it was.

use std::sync::atomic::Ordering;

use keyfile::policy::Secret;
use keyfile::{Attributes, Handle, Public};
use zeroize::Zeroizing;

use super::{Answer, Inner, Key, Origin, Purpose, removed};
use crate::auth::Auth;
use crate::authorization::policy::{Runner, Way};
use crate::command::Entity;
use crate::command::{Guarded, Protect};
use crate::connection::Connection;
use crate::connection::Transient;
use crate::error::{Error, ErrorKind};

impl Key {
    /// Runs one private operation: loads the key if it must, opens a session if it must, and says which failure is whose.
    pub(super) fn operate<T>(
        &self,
        purpose: Purpose,
        mut run: impl FnMut(&mut Connection, &Guarded<'_>, Protect) -> Result<T, Error>,
    ) -> Result<Answer<T>, Error> {
        let key = &*self.0;
        key.check_usable()?;
        key.tpm
            .operate(|connection| {
                // Nothing secret crosses the bus, and the caller verifies what comes: so no session has to be started for it.
                let bare =
                    connection.rules.kernel && purpose == Purpose::Signature && key.has_nothing_to_prove();
                let value = key.authorized(connection, bare, &mut run);
                // A policy that was left half-way is of no use to the next one.
                let value = value.inspect_err(|_| drop(connection.drop_policy()))?;
                key.doubtful.store(false, Ordering::Release);
                Ok(Answer { value, authenticated: !bare && !connection.rules.unprotected })
            })
            .map_err(|error| error.on(key))
    }
}

impl Inner {
    /// Gives `run` the key, authorized as its public area says: by its password, or by a policy.
    fn authorized<T>(
        &self,
        connection: &mut Connection,
        bare: bool,
        run: &mut impl FnMut(&mut Connection, &Guarded<'_>, Protect) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let protect = if bare { Protect::NONE } else { Protect::SESSION }.last();
        self.guard_last_try(connection)?;
        let runner = self.runner();
        let mut run = |connection: &mut Connection, auth: &[u8], protect| {
            let handle = self.ready(connection, bare, runner.as_ref())?;
            let guarded = Guarded { entity: Entity::named(handle, &self.name), auth };
            run(connection, &guarded, protect).map_err(|error| self.refused(connection, error))
        };
        let value = self.auth_value();
        let Some(runner) = &runner else { return run(connection, &value, protect) };
        self.ready(connection, bare, Some(runner))?;
        runner.run(connection, |connection, with_auth_value| {
            let auth = if with_auth_value { value.as_slice() } else { &[] };
            run(connection, auth, protect.by_policy())
        })
    }

    /// What the password stands for, for as long as an operation takes.
    fn auth_value(&self) -> Zeroizing<Vec<u8>> {
        self.password.as_ref().map(|password| password.as_value(self.public.name_alg)).unwrap_or_default()
    }

    /// Whether no password is part of its authorization.
    fn has_nothing_to_prove(&self) -> bool {
        match &self.origin {
            Origin::File { file, .. } if file.uses_policy() => !file.asks_for_password(),
            _ => self.auth_value().is_empty(),
        }
    }

    /// What satisfies its policy, if it is used by one.
    fn runner(&self) -> Option<Runner<'_>> {
        match &self.origin {
            Origin::File { file, parent, .. } if file.uses_policy() => Some(Runner {
                file,
                parent,
                transient: Transient::Key(self.number),
                password: self.password.as_ref(),
                doubtful: self.doubtful.load(Ordering::Acquire),
                tickets: self.tpm.tickets(),
            }),
            _ => None,
        }
    }

    pub(super) fn check_usable(&self) -> Result<(), Error> {
        let by_policy = !self.public.attributes.contains(Attributes::USER_WITH_AUTH);
        match &self.origin {
            Origin::Persistent { .. } if by_policy => Err(Error::new(
                ErrorKind::Unsupported,
                "the key is used by a policy only, and a handle does not say which",
            )
            .on(self)
            .advise("use the key's file, which holds the statements of the policy")),
            Origin::File { file, .. } if by_policy && file.policy.is_none() => {
                Err(Error::new(ErrorKind::Input, "the key is used by a policy only, and its file holds none")
                    .on(self)
                    .advise("get the file from where the key was made"))
            }
            // Not every way to satisfy a policy takes the password.
            Origin::File { .. } if by_policy => Ok(()),
            Origin::File { file, .. } if self.password.is_none() && file.needs_password() => {
                Err(password_missing(Error::new(
                    ErrorKind::PasswordMissing,
                    "the key has a password, and none was given",
                ))
                .on(self))
            }
            _ => Ok(()),
        }
    }

    /// Before a use of a password that may be wrong.
    fn guard_last_try(&self, connection: &mut Connection) -> Result<(), Error> {
        if self.doubtful.load(Ordering::Acquire) {
            connection.guard_last_try(self.password.as_ref()).map_err(|error| error.on(self))?;
        }
        Ok(())
    }

    fn refused(&self, connection: &mut Connection, error: Error) -> Error {
        if let Origin::Persistent { handle, .. } = self.origin {
            if error.kind() == ErrorKind::Authorization {
                // The Name is part of what the password proves: another key at this handle looks like a wrong password.
                if let Err(gone) = self.still_there(connection, handle) {
                    return gone;
                }
            } else if error.kind() == ErrorKind::NoObject {
                return removed(error);
            }
        }
        match error.kind() {
            ErrorKind::Authorization if self.auth_value().is_empty() => {
                password_missing(error.of_kind(ErrorKind::PasswordMissing))
            }
            ErrorKind::Authorization => error.advise("the password of the key is wrong"),
            _ => error,
        }
    }
}

impl Origin {
    /// Whether the password may be wrong. A file says whether its key has one; of a handle nobody knows, nor of the entity in a
    /// PolicySecret, which gets the empty one when the file says that no password is needed.
    pub(super) fn is_doubtful(&self, auth: Option<&Auth>) -> bool {
        match self {
            Self::File { file, .. } => match auth {
                Some(auth) => auth.is_stored(),
                None => {
                    let by_secret = |way: Way<'_>| way.secrets().next().is_some();
                    file.empty_auth && file.uses_policy() && Way::all(file).any(by_secret)
                }
            },
            Self::Persistent { .. } => Auth::is_doubtful(auth),
        }
    }

    /// Whether a wrong password brings a lockout nearer: the key's, or that of the entity in a PolicySecret.
    pub(super) fn counts_wrong_passwords(&self, public: &Public) -> bool {
        let protected = !public.attributes.contains(Attributes::NO_DA);
        match self {
            Self::File { file, .. } if file.uses_policy() => Way::all(file).any(|way| {
                let lenient = |secret: &Secret| secret.entity().is_some_and(Handle::is_hierarchy);
                way.asks_for_auth_value() && protected || way.secrets().any(|secret| !lenient(secret))
            }),
            _ => protected,
        }
    }
}

fn password_missing(error: Error) -> Error {
    error.advise("give the password, for instance with -passin")
}
