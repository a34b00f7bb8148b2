//! The only folder with unsafe code: OpenSSL's C side.

#[cfg(test)]
mod abi;
pub(crate) mod application;
pub(crate) mod bio;
pub(crate) mod buffer;
pub(crate) mod callback;
pub(crate) mod capability;
pub(crate) mod core;
pub(crate) mod crypto;
pub(crate) mod dispatch;
mod errno;
#[cfg(test)]
mod fetch;
pub(crate) mod guard;
pub(crate) mod handle;
mod init;
pub(crate) mod job;
pub(crate) mod libcrypto;
pub(crate) mod op;
// All parameter types, although no table uses some of them.
#[allow(dead_code, reason = "kept whole, and tested")]
pub(crate) mod params;
mod raise;
mod raw;
pub(crate) mod rows;
pub(crate) mod sys;
pub(crate) mod thread;
mod upcalls;
pub(crate) mod wake;
