//! A TPM, as callers use it: opened at first use, shared by all threads, usable after fork.
//!
//! | file | what |
//! |---|---|
//! | `create` | creates keys and sealed data |
//! | `persistent` | makes objects persistent and evicts them |
//! | `read`, `pcr` | reads public areas, PCRs, clock and counters |
//! | `capabilities`, `ask` | what the TPM supports |
//! | `limits`, `new_parent` | refuses what it does not support before a command is sent |
//! | `random` | random bytes |
//! | `raw_rsa` | tests if it supports the raw RSA operation |
//! | `derive_time` | measures the derivation of a storage key |

mod ask;
mod capabilities;
mod create;
mod derive_time;
mod limits;
mod new_parent;
mod pcr;
mod persistent;
mod random;
pub(crate) mod raw_rsa;
mod read;

pub use capabilities::Capabilities;
pub use create::Created;
pub use limits::{curve_name, refuses_sign_and_decrypt};
pub use pcr::PcrValue;
pub use persistent::persistent_hierarchy;
pub use raw_rsa::RawRsa;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use keyfile::{KeyFile, Ticket};

use crate::authorization::init_memory;
use crate::authorization::policy::{CheckedPath, check};
use crate::config::Config;
use crate::connection::{Access, Connection, Transient};
use crate::deadline::Deadline;
use crate::error::Error;
use crate::objects::Cache;
use crate::transport::location::Location;
use crate::transport::{Opener, locate, open};
use raw_rsa::KnownRawRsa;

/// The pauses of a thread while another one tries its password.
const STEP: Duration = Duration::from_millis(10);
const LONGEST_STEP: Duration = Duration::from_millis(200);

/// A TPM. Clones share one connection.
#[derive(Clone)]
pub struct Tpm(Arc<Shared>);

struct Shared {
    access: Access,
    /// The contents of TPM2B_PRIVATEs that TPM2_Import returned.
    imports: Cache<Vec<u8>>,
    /// The tickets of signed policies.
    tickets: Cache<Ticket>,
    /// What is known of the raw RSA operation on this TPM.
    raw_rsa: KnownRawRsa,
}

impl Tpm {
    /// Creates a TPM with these settings. Nothing is opened before the first use.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let tcti = config.tcti.clone();
        Self::with_opener(config, Box::new(move |deadline| open(tcti.as_deref(), deadline)))
    }

    /// Creates a TPM with these settings and connections from `opener`.
    #[must_use]
    pub fn with_opener(config: Config, opener: Opener) -> Self {
        // Created now, so that children forked later share the verdicts on passwords. An error is reported at the first use.
        let _ = init_memory();
        let access = Access::new(config, opener);
        let (imports, tickets, raw_rsa) = Default::default();
        Self(Arc::new(Shared { access, imports, tickets, raw_rsa }))
    }

    /// Returns the settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        self.0.access.config()
    }

    /// Returns the location of the TPM from the configuration or the environment. Nothing is opened.
    ///
    /// # Errors
    /// No location is given, or it is not a TCTI string.
    pub fn location(&self) -> Result<Location, Error> {
        locate(self.config().tcti.as_deref())
    }

    /// Returns every path through the policy of a key file with its present result, in the order in which an operation tries them.
    /// Empty for a key that is used with its password (userWithAuth), even if it has a policy.
    ///
    /// # Errors
    /// There is no TPM. A statement that does not pass is not an error.
    pub fn check_policy(&self, file: &KeyFile) -> Result<Vec<CheckedPath>, Error> {
        match file.uses_policy() {
            true => self.operate(|connection| check(connection, file)),
            false => Ok(Vec::new()),
        }
    }

    /// Flushes everything that is loaded and disconnects. The next use connects again.
    pub fn close(&self) {
        self.0.access.close();
    }

    /// Runs one operation exclusively on the connection, and once more on a new connection if the old one turns out to be stale.
    pub(crate) fn operate<T>(
        &self,
        operation: impl FnMut(&mut Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.run(false, operation)
    }

    /// Runs one operation for the opening of a key: a connection that was opened for it is closed afterwards, so that it does not keep
    /// the TPM from children forked later. The kernel's resource manager lets several connections use the TPM, so one to it stays open.
    pub(crate) fn operate_briefly<T>(
        &self,
        operation: impl FnMut(&mut Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.run(true, operation)
    }

    /// Repeats the operation while another thread or process tries the same password. The connection is free meanwhile.
    fn run<T>(
        &self,
        briefly: bool,
        mut operation: impl FnMut(&mut Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let deadline = Deadline::after(self.config().timeout);
        let mut step = STEP;
        loop {
            match self.0.access.operate(briefly, deadline, &mut operation) {
                Err(error) if error.is_being_tried() && !deadline.has_passed() => {
                    thread::sleep(deadline.at_most(step));
                    step = step.saturating_mul(2).min(LONGEST_STEP);
                }
                done => return done,
            }
        }
    }

    /// Returns the location of the TPM, which identifies it.
    pub(crate) fn id(&self) -> &str {
        self.0.access.tpm_id()
    }

    /// Flushes one object if it is loaded.
    pub(crate) fn evict(&self, object: Transient) {
        self.0.access.evict(object);
    }

    /// Returns what is known of the raw RSA operation.
    pub(crate) fn raw_rsa(&self) -> &KnownRawRsa {
        &self.0.raw_rsa
    }

    /// Returns the cache of imported objects.
    pub(crate) fn imports(&self) -> &Cache<Vec<u8>> {
        &self.0.imports
    }

    /// Returns the cache of tickets of signed policies.
    pub(crate) fn tickets(&self) -> &Cache<Ticket> {
        &self.0.tickets
    }
}
