//! The objects that this process uses in the TPM: parents, loaded again when they must be; salt keys; what was imported.

mod cache;
mod parents;
mod salt;

pub(crate) use cache::Cache;
pub use parents::Parent;
pub(crate) use parents::Parents;
