//! The settings of the TPM and the connection to it, from an option, the provider's section of openssl.cnf, or the environment.
//!
//! The setting `salt-name` is looked up as the option --salt-name, then in the section, then in the environment as TPM2_SALT_NAME.
//!
//! | file | what |
//! |---|---|
//! | `setting` | THE table: every setting by name. Read it first |
//! | `read` | parses the settings into types |
//! | `value` | parses the text of a value |

mod read;
mod setting;
pub(crate) mod value;

pub use read::{Software, nv_prefix, parent, parent_auth, software};
pub use setting::{Lookup, Setting};
pub use value::{Fault, first_line, password};

use std::time::Duration;

use keyfile::{Handle, Name};

use crate::auth::Auth;
use crate::deadline::Timeout;

/// The settings. The defaults suit most uses.
#[derive(Default, Clone)]
pub struct Config {
    /// The TCTI string. Without one, the environment is read and then the devices are tried.
    pub tcti: Option<String>,
    /// How long a connection lives.
    pub connection: Lifetime,
    /// How long one operation may take, including the wait for other operations.
    pub timeout: Timeout,
    /// What protects the commands.
    pub session: Protection,
    /// How long a session may be kept with the kernel's resource manager. The default is one operation, because a kept session ages
    /// with every command of its connection and starves the sessions of others.
    pub session_keep: Option<Duration>,
    /// The resource manager between this process and the TPM.
    pub manager: Manager,
    /// The Name of the only key that sessions may be salted to.
    pub salt_name: Option<Name>,
    /// The password of the parent or of the hierarchy.
    pub parent_auth: Option<Auth>,
    /// The password of a parent at a persistent handle, if `parent_auth` is not set: the one of tpm2-openssl.
    pub persistent_parent_auth: Option<Auth>,
    /// True if an unproven password may be the last try before the TPM locks.
    pub allow_last_try: bool,
    /// When a password that was given with a key is proven.
    pub proof: Proof,
    /// True if an operation in an asynchronous job of OpenSSL pauses the job. Only the provider has such jobs.
    pub pauses_jobs: bool,
}

impl Config {
    /// Returns the password for this parent.
    #[must_use]
    pub fn auth_of_parent(&self, parent: Handle) -> Option<Auth> {
        let persistent = self.persistent_parent_auth.as_ref().filter(|_| parent.is_persistent());
        self.parent_auth.as_ref().or(persistent).cloned()
    }
}

/// When a password that was given with a key is proven.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// When the key is opened.
    #[default]
    Open,
    /// At the first operation.
    Use,
}

/// How long a connection lives.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// As long as the process.
    #[default]
    Process,
    /// One operation, after which nothing is left in the TPM. For processes that share a TPM without a resource manager.
    Operation,
}

/// What protects the commands.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// A salted HMAC session with parameter encryption.
    #[default]
    Hmac,
    /// No protection: passwords and answers are sent in the clear.
    Password,
}

/// The resource manager between this process and the TPM.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// The kernel's for `/dev/tpmrm*`, otherwise none.
    #[default]
    Auto,
    /// One that follows the kernel's rules.
    Kernel,
    /// None, or one that does not follow the kernel's rules.
    None,
}
