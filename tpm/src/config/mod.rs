//! What a user may choose about the TPM and the way to it: from an option, the provider's section of openssl.cnf, or the environment.
//!
//! A setting `salt-name` is looked for as the option --salt-name, then in the section, then in the environment as TPM2_SALT_NAME.
//!
//! | file | what |
//! |---|---|
//! | `setting` | THE table: every setting by name. Read it first |
//! | `read` | what each becomes |
//! | `value` | texts as values |

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

/// The choices; the default is right for most.
#[derive(Default, Clone)]
pub struct Config {
    /// The TCTI string. Without one the environment is asked, then the devices are tried.
    pub tcti: Option<String>,
    /// How long a connection lives.
    pub connection: Lifetime,
    /// How long one operation may take, waiting for others included.
    pub timeout: Timeout,
    /// What protects the commands.
    pub session: Protection,
    /// Behind the kernel's resource manager: how long a session may be kept. The default is one operation, because a kept session
    /// ages with every command of its connection, and starves the sessions of others.
    pub session_keep: Option<Duration>,
    /// Which resource manager stands between.
    pub manager: Manager,
    /// The Name of the only key that sessions may be salted to.
    pub salt_name: Option<Name>,
    /// The password of the parent or of the hierarchy.
    pub parent_auth: Option<Auth>,
    /// The password of a parent at a persistent handle, if `parent_auth` gives none: tpm2-openssl's.
    pub persistent_parent_auth: Option<Auth>,
    /// Whether a password that is not proven may be the last try before the TPM locks everybody out.
    pub allow_last_try: bool,
    /// When a password that was given with a key is proven.
    pub proof: Proof,
}

impl Config {
    /// The password for this parent.
    #[must_use]
    pub fn auth_of_parent(&self, parent: Handle) -> Option<Auth> {
        let theirs = self.persistent_parent_auth.as_ref().filter(|_| parent.is_persistent());
        self.parent_auth.as_ref().or(theirs).cloned()
    }
}

/// When a password that was given with a key is proven.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// When the key is opened.
    #[default]
    Open,
    /// By the first operation.
    Use,
}

/// How long a connection lives.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// As long as the process.
    #[default]
    Process,
    /// For one operation, after which nothing is left in the TPM: several processes share a TPM that has no resource manager.
    Operation,
}

/// What protects the commands.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// A salted HMAC session with parameter encryption.
    #[default]
    Hmac,
    /// Nothing: passwords and answers cross the bus in the clear.
    Password,
}

/// Which resource manager stands between.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// The kernel's for `/dev/tpmrm*`, else none.
    #[default]
    Auto,
    /// One that works by the rules of the kernel's.
    Kernel,
    /// None of the kernel's rules.
    None,
}
