//! The module in this process, and what programs do with it through libcrypto. All that is unsafe here.
//!
//! Shared promise: what libcrypto gave is freed by its owner's Drop and used before that; buffers outlive the call they are
//! passed to.

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
