//! The objects that this process uses in the TPM: parents, which are loaded again when they must be; the keys that sessions are salted
//! to; room for the next object. Nothing here tries a password that could bring a lockout nearer, and nothing decides about retries.

mod authentic;
mod cache;
mod find;
mod parent;
mod parents;
mod pinned;
mod room;
mod salt;

pub(crate) use cache::Cache;
pub use parent::Parent;
