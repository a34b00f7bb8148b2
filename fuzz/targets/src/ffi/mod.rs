//! The module in this process, and the ways in which programs use it through libcrypto. All unsafe code is here.
//!
//! Shared promise: an object from libcrypto is freed by its owner's Drop and not used after that; buffers outlive the call to which they
//! are passed.

mod bio;
mod context;
mod key;
mod list;
mod module;
mod sys;

pub(crate) use context::{Context, Use};
pub(crate) use key::{Key, Way};
pub(crate) use list::{Element, List};
pub(crate) use module::watched;
