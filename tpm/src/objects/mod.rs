//! The objects that this process uses in the TPM: parents, which are loaded again when needed, salt keys, and slots for new objects.
//! This folder does not try passwords that count towards the lockout, and does not retry.
//!
//! | file | what |
//! |---|---|
//! | `parent`, `parents` | the parent that a caller names, and that parent in the TPM |
//! | `copy` | the persistent copy of a parent, which need not be derived |
//! | `salt`, `pinned` | the salt key of a session, and the one that the user has pinned |
//! | `authentic` | reads in a session, so that answers cannot be changed in transit |
//! | `room` | frees slots in advance, and records loaded objects |
//! | `find` | finds entities by their Names |
//! | `cache` | results that the TPM need not compute again |

mod authentic;
mod cache;
mod copy;
mod find;
mod parent;
mod parents;
mod pinned;
mod room;
mod salt;

pub(crate) use cache::Cache;
pub use parent::Parent;
