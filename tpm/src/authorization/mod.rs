//! What lets a command use an entity: its password, or its policy. It decides whether a password may be tried, and says whose was refused.
//!
//! | file | what |
//! |---|---|
//! | `last_try` | a password that may be wrong is not to bring the lockout |
//! | `parent` | a parent and its password, around the commands that it authorizes |
//! | `policy/` | the statements of a key file, run |

mod last_try;
mod parent;
pub(crate) mod policy;
