//! The objects that this process uses in the TPM: parents, which are loaded again when they must be; the keys that sessions are salted
//! to; room for the next object. Nothing here tries a password that could bring a lockout nearer, and nothing decides about retries.
//!
//! | file | what |
//! |---|---|
//! | `parent`, `parents` | the parent that a caller names, and that parent in the TPM |
//! | `salt`, `pinned` | the key that a session is salted to, and the one that the user has named for it |
//! | `authentic` | what is read in a session, so that nobody changes it on its way |
//! | `room` | slots freed beforehand, and what was loaded into them |
//! | `find` | where an entity is of which only the Name is known |
//! | `cache` | what the TPM made once and need not make again |

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
