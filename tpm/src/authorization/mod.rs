//! What lets a command use an entity: its password, tried only where a wrong one does no harm, or its policy.

mod last_try;
mod parent;
pub(crate) mod policy;
