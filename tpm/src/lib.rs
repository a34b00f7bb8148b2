//! One connection to a TPM 2.0: protected sessions, object places, loaded keys.
//!
//! [`Tpm`] is a TPM, [`Key`] a key in it. Nothing is sent before the first use; any number of threads may share both; a forked child
//! connects anew by itself. The layers, from the top:
//!
//! | file | what |
//! |---|---|
//! | `tpm`, `key`, `key/`, `nv` | what users of this crate call |
//! | `attest`, `endorsement` | proofs that a key is in the TPM of a certificate |
//! | `capabilities`, `limits`, `lockout`, `pcr`, `clock` | what a TPM can do and cannot, what it counts and holds |
//! | `template` | what keys to ask it for |
//! | `policy/` | the statements of a key file, run |
//! | `config`, `auth`, `error`, `trace`, `rc` | what they choose, say, and are told |
//! | `recover`, `patience`, `seat`, `exit` | lost connections, busy TPMs, fork, the end of the process |
//! | `memory` | what a process remembers |
//! | `link`, `link/` | one live connection; `parents`, `places`, `salt` are what it knows and decides |
//! | `command/` | the commands, and the one executor |
//! | `session/` | authorization areas: HMACs, parameter encryption |
//! | `crypto/` | the mathematics of it |
//! | `open`, `location/`, `transport`, `tcti/` | the way to the TPM; `tcti/ffi/` is the only unsafe code |

#![deny(unsafe_code)]

mod attest;
mod auth;
mod capabilities;
mod child;
mod clock;
mod command;
mod config;
pub mod crypto;
pub mod endorsement;
mod error;
mod exit;
mod key;
mod limits;
mod link;
pub mod location;
mod lockout;
mod memory;
mod nv;
mod open;
mod parents;
mod patience;
mod pcr;
mod places;
mod policy;
pub mod rc;
mod recover;
mod salt;
mod seat;
mod session;
mod tcti;
pub mod template;
mod tpm;
pub mod trace;
mod transport;

pub use attest::{Certified, Primary, Residence};
pub use auth::Auth;
pub use capabilities::Capabilities;
pub use clock::TimeInfo;
pub use config::{Config, Connection, Manager, Protection};
pub use crypto::sealed::wrap_data;
pub use crypto::wrap::{Duplicate, wrap};
pub use error::{Error, ErrorKind};
pub use key::{Answer, Key};
pub use limits::{refuses_both_uses, spelling};
pub use lockout::Lockout;
pub use nv::NvReader;
pub use open::open;
pub use parents::Parent;
pub use pcr::PcrValue;
pub use policy::{Checked, CheckedStatement, Failure, Place, Signed, Verdict};
pub use tpm::{Created, Tpm};
pub use transport::{Opener, Transport};
