//! The TPM as its users see it: opened at first use, shared by all threads, usable after fork.
//!
//! | file | what |
//! |---|---|
//! | `create` | new keys and sealed data |
//! | `persistent` | objects that it keeps, and takes away again |
//! | `read`, `pcr` | what it has, holds and counts |
//! | `capabilities`, `ask` | what it can do |
//! | `limits`, `new_parent` | what it cannot, said before it is asked |
//! | `random` | random bytes |
//! | `raw_rsa` | whether it does the bare RSA operation |

mod ask;
mod capabilities;
mod create;
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

/// How long a thread waits between two looks whether another one has tried its password.
const STEP: Duration = Duration::from_millis(10);
const LONGEST_STEP: Duration = Duration::from_millis(200);

/// A TPM. Clones share one connection.
#[derive(Clone)]
pub struct Tpm(Arc<Shared>);

struct Shared {
    access: Access,
    /// The contents of TPM2B_PRIVATEs, as TPM2_Import gave them.
    imports: Cache<Vec<u8>>,
    /// The tickets of signed policies.
    tickets: Cache<Ticket>,
    /// Whether the TPM does the bare RSA operation.
    raw_rsa: KnownRawRsa,
}

impl Tpm {
    /// Takes note of the choices; nothing is opened before the first use.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let tcti = config.tcti.clone();
        Self::with_opener(config, Box::new(move |deadline| open(tcti.as_deref(), deadline)))
    }

    /// The same, over connections that somebody else opens.
    #[must_use]
    pub fn with_opener(config: Config, opener: Opener) -> Self {
        // So that children forked from now on share what is known of passwords. Where that fails, it is said at the first use.
        let _ = init_memory();
        let access = Access::new(config, opener);
        let (imports, tickets, raw_rsa) = Default::default();
        Self(Arc::new(Shared { access, imports, tickets, raw_rsa }))
    }

    /// What was chosen.
    #[must_use]
    pub fn config(&self) -> &Config {
        self.0.access.config()
    }

    /// Where it is, as the configuration or the environment says it; nothing is opened.
    ///
    /// # Errors
    /// Nobody says where it is, or what is said is no TCTI string.
    pub fn location(&self) -> Result<Location, Error> {
        locate(self.config().tcti.as_deref())
    }

    /// Every way to satisfy the policy of a key file, in the order in which a use of the key tries them, as it stands now. None
    /// for a key that is not used by a policy.
    ///
    /// # Errors
    /// There is no TPM. What a statement finds is no error.
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

    /// Runs one operation alone on the connection; when the connection turns out to be stale, once more on a new one.
    pub(crate) fn operate<T>(
        &self,
        operation: impl FnMut(&mut Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.run(false, operation)
    }

    /// The same, for what is done at the opening of a key: nothing is kept that keeps the TPM from children to be forked.
    pub(crate) fn operate_briefly<T>(
        &self,
        operation: impl FnMut(&mut Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.run(true, operation)
    }

    /// Another thread or process may just try the same password: the connection is free until that is known.
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

    /// Where it is, by which it is told from others.
    pub(crate) fn id(&self) -> &str {
        self.0.access.tpm_id()
    }

    /// Flushes one object, if it is loaded.
    pub(crate) fn evict(&self, object: Transient) {
        self.0.access.evict(object);
    }

    /// What is known of the bare RSA operation.
    pub(crate) fn raw_rsa(&self) -> &KnownRawRsa {
        &self.0.raw_rsa
    }

    /// What was imported.
    pub(crate) fn imports(&self) -> &Cache<Vec<u8>> {
        &self.0.imports
    }

    /// What was verified of signed policies.
    pub(crate) fn tickets(&self) -> &Cache<Ticket> {
        &self.0.tickets
    }
}
