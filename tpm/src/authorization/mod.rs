//! Authorizes commands on entities by password or policy. This module decides if a password may be tried, remembers the result, and
//! reports whose password was refused.
//!
//! | file | what |
//! |---|---|
//! | `verdict`, `refusal` | unknown, proven or refused: what is known of an authorization |
//! | `attempt` | the entity and the value that a verdict is about |
//! | `memory`, `table` | the storage of verdicts, shared by the process and its children |
//! | `prove`, `last_try` | the checks that every password passes |
//! | `hierarchy`, `parent` | authorization of hierarchies and parents |
//! | `policy/` | runs the policy statements of a key file |

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
