//! The only unsafe code of this crate: the TCTI's function table, and the few libc functions that std lacks.
//!
//! It relies on the "TSS 2.0 TCTI API Specification" §3: a context from Tss2_TctiLdr_Initialize is valid until it is finalized, and
//! one thread at a time calls its functions, which `&mut self` guarantees here.
#![allow(unsafe_code)]

mod context;
mod edge;
mod environment;
mod exit;
mod file;
mod fork;
mod locked;
mod poll;
mod shared;
mod signals;
mod unix_socket;

pub(crate) use context::{BLOCK, Context};
pub(crate) use edge::Edge;
pub(crate) use environment::environment;
pub(crate) use exit::at_exit;
pub(crate) use file::close_on_exec;
pub(crate) use fork::forks;
pub(crate) use locked::Locked;
pub(crate) use poll::readable;
pub(crate) use shared::shared;
pub(crate) use unix_socket::connect_unix;
#[cfg(test)]
pub(crate) use unix_socket::tests::full_listener;
