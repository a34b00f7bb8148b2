//! What lets a command use an entity: its password, or its policy. It decides whether a password may be tried, remembers what came of it,
//! and says whose was refused.
//!
//! | file | what |
//! |---|---|
//! | `verdict`, `refusal` | unknown, proven or refused: all that is known of an authorization |
//! | `attempt` | the entity and the value that it is known of |
//! | `memory`, `table` | where that is remembered, for the process and its children |
//! | `prove`, `last_try` | the gate that every password goes through |
//! | `hierarchy`, `parent` | hierarchies and parents at work |
//! | `policy/` | the statements of a key file, run |

mod attempt;
mod claimant;
mod hierarchy;
mod last_try;
mod memory;
mod parent;
pub(crate) mod policy;
mod prove;
mod refusal;
mod table;
mod verdict;

pub(crate) use attempt::{Attempt, init_memory};
pub(crate) use refusal::pause;
