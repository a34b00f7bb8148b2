//! One connection to a TPM 2.0: protected sessions, object slots, loaded keys.
//!
//! [`Tpm`] is a TPM, [`Key`] a key in it. Nothing is sent before the first use; any number of threads may share both; a forked child
//! connects anew by itself. The layers, from the top:
//!
//! | folder | what |
//! |---|---|
//! | `tpm`, `key`, `nv`, `attestation` | what callers hold |
//! | `authorization` | passwords, and the policies of key files |
//! | `objects` | parents, salt keys, what was imported |
//! | `connection` | one live connection: operations, retries, forks, what is loaded, clean-up, exit |
//! | `session` | authorization areas: HMACs, parameter encryption |
//! | `command` | the executor, and a function per TPM command |
//! | `transport` | the TCTI, and where the TPM is |
//!
//! Beside them stands what every layer may use: `auth`, `config`, `crypto`, `error`, `rc`, `template`, `trace`, and `ffi`, the only unsafe code.

#![deny(unsafe_code)]

mod attestation;
mod auth;
mod authorization;
mod command;
mod config;
mod connection;
pub mod crypto;
mod error;
mod ffi;
mod key;
mod nv;
mod objects;
pub mod rc;
mod session;
pub mod template;
mod tpm;
pub mod trace;
mod transport;

pub use attestation::{Certified, Primary, Residence};
pub use auth::Auth;
pub use authorization::policy::{Checked, CheckedStatement, Outcome};
pub use command::{Lockout, TimeInfo};
pub use config::{Config, Lifetime, Manager, Proof, Protection};
pub use crypto::sealed::wrap_data;
pub use crypto::wrap::{Duplicate, wrap};
pub use error::{Error, ErrorKind, Failure, Place, Signed};
pub use key::{Answer, Key};
pub use nv::NvReader;
pub use objects::Parent;
pub use template::endorsement;
pub use tpm::{Capabilities, Created, PcrValue, Tpm, refuses_both_uses, spelling};
pub use transport::location;
pub use transport::{Opener, Transport, open};
