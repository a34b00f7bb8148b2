//! Policies: the options that say what must hold before a key may be used, and the statements made of them.
//!
//! | file | what |
//! |---|---|
//! | options.rs | the options, for every subcommand that makes a policy |
//! | plan.rs | what they ask for, with all files read; then the statements, with what only the TPM knows |
//! | signer.rs | the public key whose private half may sign policies later |
//! | entity.rs | the object whose password a policy wants |

mod entity;
mod options;
mod plan;
mod signer;

pub(crate) use options::PolicyOptions;
pub(crate) use plan::{Plan, Policy};
