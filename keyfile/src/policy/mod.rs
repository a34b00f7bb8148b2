//! Policies as data: the statements of a key file, their meaning, their policy digest, and the parameters with which a TPM runs them. The
//! table of bodies is in the documentation of [`Condition`].

mod auth_policy;
mod authorize;
mod comparison;
mod condition;
mod counter_timer;
mod digest;
mod error;
mod lines;
mod parameters;
mod path;
mod read;
mod secret;
mod sentence;
mod statement;

pub use auth_policy::AuthPolicy;
pub use authorize::Authorize;
pub use comparison::Comparison;
pub use condition::Condition;
pub use counter_timer::CounterTimer;
pub use digest::digest;
pub use error::{Error, Problem};
pub use lines::{LineError, parse_lines};
pub use path::Path;
pub use secret::Secret;
pub use statement::Statement;
