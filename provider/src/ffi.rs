//! The only folder with unsafe code: OpenSSL's C side.

#[cfg(test)]
mod abi;
pub(crate) mod bio;
pub(crate) mod buffer;
pub(crate) mod callback;
pub(crate) mod capability;
pub(crate) mod core;
// The operations use them as they land.
#[allow(dead_code, unused_imports)]
pub(crate) mod crypto;
pub(crate) mod dispatch;
pub(crate) mod environment;
#[cfg(test)]
mod fetch;
pub(crate) mod guard;
pub(crate) mod handle;
mod init;
pub(crate) mod op;
#[allow(dead_code, unused_imports, unused_macros)]
pub(crate) mod params;
mod raw;
pub(crate) mod sys;
mod upcalls;
