//! One connection to a TPM 2.0: protected sessions, object slots, loaded keys.
//!
//! [`Tpm`] is a TPM, [`Key`] a key in it. Nothing is sent before the first use; any number of threads may share both; a forked child
//! connects anew by itself. A signature walks down this list, and no folder knows one above its own:
//!
//! | folder | what | knows nothing of |
//! |---|---|---|
//! | `key`, `nv`, `attestation`, `tpm` | what callers hold | |
//! | `authorization` | passwords of parents, the last try before a lockout; `policy/`: the policies of key files | which key it is for |
//! | `objects` | parents, salt keys, room for the next object, where a Name is | whether a password may be tried |
//! | `connection` | one operation at a time: retries, forks, what is loaded, clean-up, exit; which sessions protect a command | what an object is for |
//! | `session` | HMAC and policy sessions, the authorization area, parameter encryption | how long a session lives |
//! | `command` | the executor, and a typed function per TPM command | sessions |
//! | `transport` | the kernel's devices, the simulators' sockets, any other TCTI, and where the TPM is | commands |
//!
//! What every folder may use stands beside them: `auth` (a password and its authValue), `config`, `crypto`, `deadline`, `error`, `input`,
//! `process`, `rc`, `template`, `trace`, and `ffi`, the only unsafe code.

#![deny(unsafe_code)]

mod attestation;
mod auth;
mod authorization;
mod command;
pub mod config;
mod connection;
pub mod crypto;
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
pub use authorization::policy::{Checked, CheckedStatement, Outcome};
pub use command::{Lockout, TimeInfo};
pub use config::{Config, Lifetime, Manager, Proof, Protection};
pub use crypto::sealed::wrap_data;
pub use crypto::wrap::{Duplicate, wrap};
pub use deadline::{Deadline, Timeout};
pub use error::{Error, ErrorKind, Failure, HINT, Place, Signed};
pub use key::{Answer, Key};
pub use nv::NvReader;
pub use objects::Parent;
pub use template::endorsement;
pub use tpm::{Capabilities, Created, PcrValue, RawRsa, Tpm, keeper, refuses_both_uses, spelling};
pub use transport::location;
pub use transport::{Opener, Transport, open};
