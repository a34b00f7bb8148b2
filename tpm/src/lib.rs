//! Access to a TPM 2.0: protected sessions, object slots, loaded keys.
//!
//! [`Tpm`] is a TPM, and [`Key`] is a key in it. Nothing is sent before the first use. Any number of threads may share both. A forked
//! child opens its own connection. A signature passes through these folders from top to bottom; no folder uses one above itself:
//!
//! | folder | what | does not know |
//! |---|---|---|
//! | `key`, `nv`, `attestation`, `tpm` | the interface to callers | |
//! | `authorization` | passwords of parents, the last try before a lockout; `policy/`: the policies of key files | which key it is for |
//! | `objects` | parents, salt keys, free slots, the search for a Name | if a password may be tried |
//! | `connection` | one operation at a time: retries, forks, loaded objects, clean-up, exit; which sessions protect a command | what an object is for |
//! | `session` | HMAC and policy sessions, the authorization area, parameter encryption | how long a session lives |
//! | `command` | the executor, and a typed function per TPM command | sessions |
//! | `transport` | the kernel's devices, the simulators' sockets, any other TCTI, and the location of the TPM | commands |
//!
//! Every folder may use these modules: `auth` (a password and its authValue), `config`, `deadline`, `error`, `input`,
//! `process`, `rc`, `template`, `trace`, and `ffi`, the only unsafe code.

#![deny(unsafe_code)]

mod attestation;
mod auth;
mod authorization;
mod command;
pub mod config;
mod connection;
mod deadline;
mod error;
mod ffi;
pub mod input;
mod key;
mod nv;
mod objects;
mod process;
pub mod rc;
mod session;
pub mod template;
mod tpm;
pub mod trace;
mod transport;

pub use attestation::{Certified, Primary, Residence};
pub use auth::Auth;
pub use authorization::policy::{CheckedPath, CheckedStatement, Outcome};
pub use command::{Lockout, TimeInfo};
pub use config::{Config, Lifetime, Manager, Proof, Protection};
pub use connection::is_exiting;
pub use crypto::wrap::{Duplicate, wrap};
pub use deadline::{Deadline, Timeout};
pub use error::{Error, ErrorKind, Failure, HINT, Signed, StatementPosition};
pub use key::{Answer, Key};
pub use nv::NvReader;
pub use objects::Parent;
pub use process::{PerProcess, Process};
pub use template::wrap_data;
pub use tpm::{
    Capabilities, Created, PcrValue, RawRsa, Tpm, curve_name, persistent_hierarchy, refuses_sign_and_decrypt,
};
pub use transport::location;
pub use transport::{Opener, Transport, open};
