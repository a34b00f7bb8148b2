//! Policies: the options for the conditions under which a key may be used, and the statements made from them.
//!
//! | file | what |
//! |---|---|
//! | options.rs | the options, for every subcommand that makes a policy |
//! | plan.rs | the requested conditions with all files read; the statements, with the values from the TPM |
//! | signer.rs | the public key whose private half may sign policies later |
//! | entity.rs | the object whose password a policy needs |

mod entity;
mod options;
mod plan;
mod signer;

pub(crate) use options::PolicyOptions;
pub(crate) use plan::{Plan, Policy};
